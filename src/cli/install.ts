import { Command, Option } from 'commander'
import { type Connection, clientFor, onServer } from './connection.ts'
import { descriptorUrl } from './descriptor-source.ts'

interface Given extends Connection {
  readonly room?: string
}

const exitCodes = `Exit codes:
  0  done
  1  the server or the add-on refused, or could not be reached
  2  wrong arguments`

const installExamples = `
Examples:
  hipchat-addon install http://localhost:3000/ --token secret --room Lobby
  HIPCHAT_TOKEN=… hipchat-addon install https://deploys.example.com/descriptor --server https://chat.example.net

Running it again updates the installation to the present descriptor.

${exitCodes}`

const uninstallExamples = `
Example:
  hipchat-addon uninstall com.example.deploys 294966c4-d707-4191-9d2a-80d6cbefd514 --token secret

${exitCodes}`

/** `hipchat-addon install`: tells a server to install or update an add-on. */
export function installCommand(): Command {
  return onServer(
    new Command('install')
      .description('Installs an add-on in a room or for the whole group, or updates it.')
      .argument('<descriptor-url>', "address of the add-on's descriptor", descriptorUrl),
  )
    .addOption(new Option('--room <id-or-name>', 'room to install it in; default: the whole group'))
    .addHelpText('after', installExamples)
    .action(async (url: string, given: Given) => {
      const { room, json } = given
      const client = clientFor(given)
      const installed = await client.installAddon({ url, ...(room === undefined ? {} : { room_id: room }) })
      if (json) return console.log(JSON.stringify(installed))
      console.log(
        `Installed     ${installed.key}, ${room === undefined ? 'for the whole group' : `in ${room}`}`,
      )
      console.log(`Installation  ${installed.id}`)
      for (const warning of installed.warnings ?? []) console.log(`Warning       ${warning}`)
      // An add-on with a client-side installation needs the browser to complete it.
      if (installed.installed_url) console.log(`To complete   open ${installed.installed_url} in a browser`)
    })
}

/** `hipchat-addon uninstall`: tells a server to remove an installation. */
export function uninstallCommand(): Command {
  return onServer(
    new Command('uninstall')
      .description('Removes an installation of an add-on.')
      .argument('<addon-key>', 'key of the add-on')
      .argument('<installation>', 'id of the installation, as printed by install'),
  )
    .addHelpText('after', uninstallExamples)
    .action(async (key: string, id: string, given: Given) => {
      await clientFor(given).uninstallAddon({ addon_key_or_id: key, installable_id: id })
      console.log(given.json ? JSON.stringify({ id, key }) : `Removed  ${id} of ${key}`)
    })
}
