import type { Addon } from '../addon/addon.ts'
import type { EventName } from '../api/events.ts'
import type { Scope } from '../api/scopes.ts'
import { type Checks, elsewhere, oneOf } from '../common/checks.ts'
import type { Installation } from '../installations/installation.ts'
import { checkOptions } from '../option-checks.ts'
import type { HipChatServer, RoomName } from '../server/index.ts'
import { type ForgedOptions, forge, forgeries } from './forging.ts'
import { createTestRoom, type TestRoom } from './room.ts'
import type { TestJobs } from './test-jobs.ts'

/** Options of an installation. */
export interface InstallOptions {
  /** Name or id of the room; `null` for the whole group. Default: the first room. */
  readonly room?: RoomName | null
  /** The approved scopes. Default: all scopes that the add-on asks for. */
  readonly scopes?: readonly Scope[]
}

// Checks only the names, since a mistyped option would be ignored silently; the server checks the values.
const installOptions: Checks<InstallOptions> = { room: elsewhere, scopes: elsewhere }

/** A group of people on its own server, with the add-on installed. */
export interface TestGroup {
  /** The compatible server with all its methods: `say`, `fail`, `deliveries`, … */
  readonly server: HipChatServer
  /** The room in which the add-on is installed; for an installation in the whole group, the first room. */
  readonly room: TestRoom
  /** Another room, by name or id. Throws if it does not exist. */
  roomOf(name: RoomName): TestRoom
  /** The newest installation. Throws if there is none. */
  readonly installation: Installation
  /** Installs the add-on in another place. If it is already installed there, this is an update. */
  install(options?: InstallOptions): Promise<Installation>
  /** Removes an installation, by default the newest. Resolves when the add-on has been notified. */
  uninstall(installation?: Installation): Promise<void>
  /**
   * Resolves when no delivery, handler or call is in progress and no job is due. Rejects if a job, schedule or retry has failed,
   * and so do the methods that wait for it, such as `say`: once for each failure, and not with `failedJobs: 'allow'`.
   */
  idle(): Promise<void>
  /** Sends the add-on a forged delivery, which it has to refuse. Returns the status of its answer. */
  forge(event: EventName, options?: ForgedOptions): Promise<number>
}

/** The members of an add-on that its test needs; none of them depends on its scopes. */
export type TestedAddon = Pick<Addon, 'listen' | 'close' | 'idle' | 'jobs' | 'descriptor' | 'installation'>

/** Creates a group on a listening server; nothing is installed yet. */
export function createTestGroup(
  addon: TestedAddon,
  server: HipChatServer,
  jobs: Pick<TestJobs, 'check'>,
): TestGroup {
  let installations: Installation[] = []
  let home: RoomName | undefined

  async function idle(): Promise<void> {
    // A handler may continue after its delivery was answered, and its messages cause new deliveries.
    let last: number | undefined
    do {
      last = server.deliveries().at(-1)?.id
      await server.idle()
      await addon.idle()
      await server.idle()
    } while (server.deliveries().at(-1)?.id !== last)
    await jobs.check()
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
      checkOptions('install', options, installOptions)
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
      checkOptions('forge', options, { forgery: oneOf(...forgeries), text: elsewhere })
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
