import { Command } from 'commander'
import { type Connection, clientFor, onServer } from './connection.ts'

const examples = `
Examples:
  hipchat-addon say Lobby "/roll 2d6" --token secret
  HIPCHAT_TOKEN=… hipchat-addon say 1 "Back in five" --server https://chat.example.net

Exit codes:
  0  said
  1  the server refused, or could not be reached
  2  wrong arguments`

/** `hipchat-addon say`: posts a message in a room, as the owner of the token. */
export function sayCommand(): Command {
  return onServer(
    new Command('say')
      .description('Posts a message in a room.')
      .argument('<room>', 'id or name of the room')
      .argument('<text>', 'text of the message'),
    'the sender',
  )
    .addHelpText('after', examples)
    .action(async (room: string, message: string, given: Connection) => {
      const said = await clientFor(given).sendRoomMessage({ id_or_name: room, message })
      console.log(given.json ? JSON.stringify({ room, ...said }) : `Said in ${room}`)
    })
}
