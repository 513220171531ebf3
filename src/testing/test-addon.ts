import type { AddonOptions } from '../addon/options.ts'
import { typeName } from '../common/validate.ts'
import { createHipChatServer, type ServerOptions } from '../server/index.ts'
import { createClock, type TestClock } from './clock.ts'
import { createTestGroup, type InstallOptions, type TestedAddon, type TestGroup } from './group.ts'

export type { TestClock } from './clock.ts'

export interface TestOptions {
  /** Where the add-on is installed; `false`: nowhere yet. Default: in the first room. */
  readonly install?: InstallOptions | false
  /**
   * Options of the server: other people and rooms (`seed`), HipChat's allowances (`limits`, which are off here). Default:
   * Alice, Bob and Carol in the rooms Lobby, Workshop and Back office.
   */
  readonly server?: Omit<ServerOptions, 'port' | 'host' | 'publicUrl' | 'tls'>
}

/** An add-on under test, and the group that it is installed in. */
export interface AddonTest<A = unknown> extends TestGroup {
  readonly addon: A
  readonly clock: TestClock
  /** Another group, on a server of its own, in which the add-on is installed too. */
  addGroup(options?: TestOptions): Promise<TestGroup>
  /** Ends the add-on and all servers, and puts the clock back. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Makes the add-on. Gets what a test wants: a store in memory, and no log. */
type Factory<A> = (options: Partial<AddonOptions>) => A

/**
 * Starts an add-on and a compatible server in this process, and installs the one in the other, over HTTP and with the real
 * protocol. Works in any test runner. Give the function that makes the add-on, so that it gets a store in memory; an add-on
 * that is made already keeps what it has.
 *
 * @example
 * const { room, close } = await testAddon(createDice)
 * const [answer] = await room.say('/roll 2d6', { from: 'alice' })
 */
export async function testAddon<A extends TestedAddon>(
  made: Factory<A> | A,
  options: TestOptions = {},
): Promise<AddonTest<A>> {
  if (typeof made !== 'function' && (typeof made !== 'object' || made === null || !('listen' in made)))
    throw new TypeError(
      `testAddon: expected an add-on, or the function that makes it; came ${typeName(made)}`,
    )
  const addon = typeof made === 'function' ? made({ store: 'memory:', log: false }) : made
  const clock = createClock()
  const servers: { close(): Promise<void> }[] = []

  async function addGroup({ install = {}, server: settings = {} }: TestOptions = {}): Promise<TestGroup> {
    const number = servers.length + 1
    const server = createHipChatServer({
      limits: false,
      ...(settings.seed !== false && settings.seed?.group
        ? {}
        : { group: { id: number, name: `Group ${number}` } }),
      ...settings,
      port: 0,
    })
    await server.listen()
    servers.push(server)
    const group = createTestGroup(addon, server)
    if (install) await group.install(install)
    return group
  }

  async function close(): Promise<void> {
    try {
      await addon.close()
      for (const server of servers) await server.close()
    } finally {
      clock.restore()
    }
  }

  try {
    await addon.listen(0)
    const first = await addGroup(options)
    return {
      addon,
      clock,
      server: first.server,
      get room() {
        return first.room
      },
      get installation() {
        return first.installation
      },
      roomOf: first.roomOf,
      install: first.install,
      uninstall: first.uninstall,
      idle: first.idle,
      forge: first.forge,
      addGroup,
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
