import { Command, Option } from 'commander'
import { wholeList } from '../common/whole-list.ts'
import { administer, type Connection, clientFor, onServer, roomBy } from './connection.ts'
import { table } from './table.ts'

interface Given extends Connection {
  readonly room?: string
}

const examples = `
Examples:
  hipchat-addon list --token secret
  hipchat-addon list --token secret --room Lobby --json

Exit codes:
  0  done
  1  the server refused, or could not be reached
  2  wrong arguments`

/** `hipchat-addon list`: lists the installations on a compatible server. */
export function listCommand(): Command {
  return onServer(
    new Command('list').description('Lists the add-ons that are installed on a compatible server.'),
    'an administrator of the group',
  )
    .addOption(
      new Option('--room <id-or-name>', 'only add-ons in this room, including those of the whole group'),
    )
    .addHelpText('after', examples)
    .action(async (given: Given) => {
      const room = given.room === undefined ? undefined : await roomBy(given, given.room)
      const items = await wholeList((more) => administer(given, 'listInstallations', more))
      const installed = items.filter(({ roomId }) => !room || roomId === null || roomId === room.id)
      if (given.json) return console.log(JSON.stringify(installed))
      if (installed.length === 0) return console.log('Nothing is installed.')
      const names = room ? new Map([[room.id, room.name]]) : await roomNames(given)
      for (const line of table([
        ['key', 'name', 'where', 'installation', 'scopes'],
        ...installed.map(({ key, name, roomId, oauthId, scopes, status }) => [
          key,
          name,
          roomId === null ? 'the whole group' : (names.get(roomId) ?? `room ${roomId}`),
          oauthId,
          `${scopes.join(', ') || 'none'}${status === 'pending' ? ' (not confirmed by the add-on yet)' : ''}`,
        ]),
      ]))
        console.log(line)
    })
}

async function roomNames(given: Connection): Promise<Map<number, string>> {
  const names = new Map<number, string>()
  const rooms = clientFor(given).getAllRooms({ 'include-private': true, 'include-archived': true })
  for await (const { id, name } of rooms) names.set(id, name ?? '')
  return names
}
