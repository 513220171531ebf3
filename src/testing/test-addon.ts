import type { AddonOptions } from '../addon/options.ts'
import { type Checks, elsewhere } from '../common/checks.ts'
import { typeName } from '../common/validate.ts'
import { checkOptions } from '../option-checks.ts'
import { createHipChatServer, type ServerOptions } from '../server/index.ts'
import { createClock, type TestClock } from './clock.ts'
import { createTestGroup, type InstallOptions, type TestedAddon, type TestGroup } from './group.ts'
import { createTestLog, type LogLine } from './log.ts'

export type { TestClock } from './clock.ts'

/** Options of {@link testAddon}. */
export interface TestOptions {
  /** Where the add-on is installed; `false` for no installation. Default: in the first room. */
  readonly install?: InstallOptions | false
  /**
   * Options of the server, such as other people and rooms (`seed`) or HipChat's rate limits (`limits`, off by default here).
   * Default: Alice, Bob and Carol in the rooms Lobby, Workshop and Back office.
   */
  readonly server?: Omit<ServerOptions, 'port' | 'host' | 'publicUrl' | 'tls'>
}

const testOptions: Checks<TestOptions> = { install: elsewhere, server: elsewhere }

/** An add-on under test, and the group in which it is installed. */
export interface AddonTest<A = unknown> extends TestGroup {
  /** The add-on itself. */
  readonly addon: A
  /** The time of the test, which can be moved. */
  readonly clock: TestClock
  /**
   * The add-on's log from level `info` on, oldest first; nothing is printed. It contains the errors of handlers, unless the
   * add-on has an `onError`. Empty if the add-on was created before, or does not use the `log` that its function gets.
   */
  readonly log: readonly LogLine[]
  /** Creates another group on its own server, and installs the add-on there too. The options are those of `testAddon`. */
  addGroup(options?: TestOptions): Promise<TestGroup>
  /** Closes the add-on and all servers, and puts the real time back. May be called twice. */
  close(): Promise<void>
  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Creates the add-on. It gets options for a test: a store in memory, and a log that is kept. */
type Factory<A> = (options: Partial<AddonOptions>) => A | Promise<A>

/**
 * Starts an add-on and a compatible server in this process, and installs the add-on on the server, over HTTP and with the
 * real protocol. It works in any test runner. Pass the function that creates the add-on, so that the add-on gets a store in
 * memory; an existing add-on keeps its own.
 *
 * Rejects with the error of the add-on, the server or the installation, and closes what it has started. Call `close` at the
 * end of the test.
 *
 * @param made The function that creates the add-on, which may be asynchronous, or an add-on that is not listening yet.
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
      `testAddon: expected an add-on, or the function that creates it; got ${typeName(made)}`,
    )
  const { logger, lines } = createTestLog()
  const addon = typeof made === 'function' ? await made({ store: 'memory:', log: logger }) : made
  if (!isAddon(addon))
    throw new TypeError(`testAddon: expected the function to return an add-on; got ${typeName(addon)}`)
  const clock = createClock()
  const servers: { close(): Promise<void> }[] = []

  async function addGroup(given: TestOptions = {}): Promise<TestGroup> {
    checkOptions('the options of a group', given, testOptions)
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
    server.unref() // so that the process ends even if a test forgets to close
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
