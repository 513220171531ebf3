import type { AddonOptions } from '../addon/options.ts'
import { typeName } from '../common/validate.ts'
import { type Checks, checkMembers, elsewhere } from '../option-checks.ts'
import { createHipChatServer, type ServerOptions } from '../server/index.ts'
import { createClock, type TestClock } from './clock.ts'
import { createTestGroup, type InstallOptions, type TestedAddon, type TestGroup } from './group.ts'
import { createTestLog, type LogLine } from './log.ts'

export type { TestClock } from './clock.ts'

/** Where an add-on is tested. */
export interface TestOptions {
  /** Where the add-on is installed; `false`: nowhere yet. Default: in the first room. */
  readonly install?: InstallOptions | false
  /**
   * Options of the server: other people and rooms (`seed`), HipChat's allowances (`limits`, which are off here). Default:
   * Alice, Bob and Carol in the rooms Lobby, Workshop and Back office.
   */
  readonly server?: Omit<ServerOptions, 'port' | 'host' | 'publicUrl' | 'tls'>
}

const testOptions: Checks<TestOptions> = { install: elsewhere, server: elsewhere }

/** An add-on under test, and the group that it is installed in. */
export interface AddonTest<A = unknown> extends TestGroup {
  /** The add-on itself. */
  readonly addon: A
  /** The time, which can be moved. */
  readonly clock: TestClock
  /**
   * What the add-on logged from level `info` on, oldest first; nothing is printed. What a handler threw is here, if the add-on has
   * no `onError`. Empty for an add-on that was made already, and for one that takes no `log` of its test.
   */
  readonly log: readonly LogLine[]
  /** Another group, on a server of its own, in which the add-on is installed too. Takes what `testAddon` takes. */
  addGroup(options?: TestOptions): Promise<TestGroup>
  /** Ends the add-on and all servers, and puts the clock back. May be called twice. */
  close(): Promise<void>
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Makes the add-on. Gets what a test wants: a store in memory, and a log that is kept. */
type Factory<A> = (options: Partial<AddonOptions>) => A | Promise<A>

/**
 * Starts an add-on and a compatible server in this process, and installs the one in the other, over HTTP and with the real
 * protocol. Works in any test runner. Give the function that makes the add-on, so that it gets a store in memory; an add-on
 * that is made already keeps what it has.
 *
 * Rejects with what the add-on, the server or the installation rejected with; what was started by then is ended. Call
 * `close` when the test is over.
 *
 * @param made The function that makes the add-on, which may be asynchronous, or an add-on that does not listen yet.
 * @example
 * const { room, close } = await testAddon(createDice)
 * const [answer] = await room.say('/roll 2d6', { from: 'alice' })
 */
export async function testAddon<A extends TestedAddon>(
  made: Factory<A> | A,
  options: TestOptions = {},
): Promise<AddonTest<A>> {
  if (typeof made !== 'function' && !isAddon(made))
    throw new TypeError(
      `testAddon: expected an add-on, or the function that makes it; came ${typeName(made)}`,
    )
  const { logger, lines } = createTestLog()
  const addon = typeof made === 'function' ? await made({ store: 'memory:', log: logger }) : made
  if (!isAddon(addon))
    throw new TypeError(`testAddon: expected the function to give an add-on; came ${typeName(addon)}`)
  const clock = createClock()
  const servers: { close(): Promise<void> }[] = []

  async function addGroup(given: TestOptions = {}): Promise<TestGroup> {
    checkMembers('the options of a group', given, testOptions, [])
    const { install = {}, server: settings = {} } = given
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
    server.unref() // a test that forgets to close ends all the same
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
    const listening = await addon.listen(0)
    listening.unref()
    const first = await addGroup(options)
    return {
      addon,
      clock,
      log: lines,
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

const isAddon = (value: unknown): boolean => typeof value === 'object' && value !== null && 'listen' in value
