import type { Addon } from '../addon/addon.ts'
import type { EventName } from '../api/events.ts'
import type { Scope } from '../api/scopes.ts'
import type { Installation } from '../installations/installation.ts'
import { type Checks, checkMembers, elsewhere, oneOf } from '../option-checks.ts'
import type { HipChatServer, RoomName } from '../server/index.ts'
import { type ForgedOptions, forge, forgeries } from './forging.ts'
import { createTestRoom, type TestRoom } from './room.ts'

/** Where an add-on is installed, and with what. */
export interface InstallOptions {
  /** Name or id of the room; `null` for the whole group. Default: the first room. */
  readonly room?: RoomName | null
  /** What was approved. Default: all that the add-on asks for. */
  readonly scopes?: readonly Scope[]
}

// A mistyped option would be left out in silence; the server looks at what is in them.
const installOptions: Checks<InstallOptions> = { room: elsewhere, scopes: elsewhere }

/** A group of people on a server of its own, with the add-on in it. */
export interface TestGroup {
  /** The compatible server, with all that it can do: `say`, `fail`, `deliveries`, … */
  readonly server: HipChatServer
  /** The room in which the add-on is installed; of a group-wide installation the first room. */
  readonly room: TestRoom
  /** Another room, by name or id. Throws when there is none. */
  roomOf(name: RoomName): TestRoom
  /** The newest installation. Throws while there is none. */
  readonly installation: Installation
  /** Installs the add-on once more, somewhere else; where it is installed already this is an update. */
  install(options?: InstallOptions): Promise<Installation>
  /** Removes an installation, the newest unless told otherwise; resolves when the add-on has heard of it. */
  uninstall(installation?: Installation): Promise<void>
  /** Resolves when no delivery, no handler and no call is under way any more. */
  idle(): Promise<void>
  /** Sends the add-on a delivery that it must not believe; gives the status it answers with. */
  forge(event: EventName, options?: ForgedOptions): Promise<number>
}

/** What of an add-on its test needs: nothing that depends on its scopes. */
export type TestedAddon = Pick<Addon, 'listen' | 'close' | 'idle' | 'descriptor' | 'installation'>

/** A group on a server that listens; nothing is installed yet. */
export function createTestGroup(addon: TestedAddon, server: HipChatServer): TestGroup {
  let installations: Installation[] = []
  let home: RoomName | undefined

  async function idle(): Promise<void> {
    // A handler may go on after its delivery was answered, and what it says is delivered again.
    let last: number | undefined
    do {
      last = server.deliveries().at(-1)?.id
      await server.idle()
      await addon.idle()
      await server.idle()
    } while (server.deliveries().at(-1)?.id !== last)
  }

  function roomOf(name: RoomName): TestRoom {
    return createTestRoom({ server, room: server.room(name), idle })
  }

  const group: TestGroup = {
    server,
    roomOf,
    idle,
    get room() {
      const newest = installations.at(-1)
      return roomOf((newest ? newest.roomId : home) ?? firstRoom(server))
    },
    get installation() {
      const newest = installations.at(-1)
      if (!newest) throw new Error('the add-on is not installed: call install() first')
      return newest
    },
    async install(options = {}) {
      checkMembers('install', options, installOptions, [])
      const { room = firstRoom(server), scopes } = options
      const { oauthId } = await server.install(addon.descriptor.links.self, {
        ...(room === null ? {} : { room }),
        ...(scopes ? { scopes } : {}),
      })
      await idle()
      const installation = await addon.installation(oauthId)
      if (!installation) throw new Error('the add-on does not know its installation')
      installations = [...installations.filter((one) => one.oauthId !== oauthId), installation]
      if (room !== null) home = room
      return installation
    },
    async uninstall(installation = group.installation) {
      await server.uninstall(installation.oauthId)
      await idle()
      installations = installations.filter(({ oauthId }) => oauthId !== installation.oauthId)
    },
    async forge(event, options = {}) {
      checkMembers('forge', options, { forgery: oneOf(...forgeries), text: elsewhere }, [])
      const webhook = [addon.descriptor.capabilities?.webhook ?? []].flat().find((one) => one.event === event)
      if (!webhook) throw new Error(`forge: the add-on has no webhook for ${event}`)
      const { id, name } = group.room
      const status = await forge(event, options, {
        server,
        installation: group.installation,
        room: { id, name },
        url: webhook.url,
      })
      await idle()
      return status
    },
  }
  return group
}

function firstRoom(server: HipChatServer): RoomName {
  const [first] = server.rooms()
  if (!first) throw new Error('the server has no room to install the add-on in')
  return first.id
}
