import type { QueuedJob } from '../addon/jobs/queued-job.ts'
import type { AddonOptions } from '../addon/options.ts'
import { type Checks, elsewhere, oneOf } from '../common/checks.ts'
import { typeName } from '../common/validate.ts'
import { checkOptions } from '../option-checks.ts'
import { createHipChatServer, type ServerOptions } from '../server/index.ts'
import { createClock, type TestClock } from './clock.ts'
import { createTestGroup, type InstallOptions, type TestedAddon, type TestGroup } from './group.ts'
import { createTestLog, type LogLine } from './log.ts'
import { createTestJobs } from './test-jobs.ts'

export type { TestClock } from './clock.ts'

/** Options of a group: of {@link AddonTest.addGroup}. */
export interface GroupOptions {
  /** Where the add-on is installed; `false` for no installation. Default: in the first room. */
  readonly install?: InstallOptions | false
  /**
   * Options of the server, such as other people and rooms (`seed`) or HipChat's rate limits (`limits`, off by default here).
   * Default: Alice, Bob and Carol in the rooms Lobby, Workshop and Back office.
   */
  readonly server?: Omit<ServerOptions, 'port' | 'host' | 'publicUrl' | 'tls'>
}

/** Options of {@link testAddon}. */
export interface TestOptions extends GroupOptions {
  /**
   * Whether a job, schedule or retry may fail. Default `reject`: then `idle()`, what waits for it, and `close()` reject with what
   * failed.
   */
  readonly failedJobs?: 'reject' | 'allow'
}

const groupOptions: Checks<GroupOptions> = { install: elsewhere, server: elsewhere }
const testOptions: Checks<TestOptions> = { ...groupOptions, failedJobs: oneOf('reject', 'allow') }

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
  /**
   * The jobs and retries that are waiting, the next occurrence of each schedule, and what was given up. `clock.advance` makes
   * them due, and `idle()` runs what is due.
   */
  jobs(): Promise<QueuedJob[]>
  /** Creates another group on its own server, and installs the add-on there too. */
  addGroup(options?: GroupOptions): Promise<TestGroup>
  /**
   * Closes the add-on and all servers, and puts the real time back. May be called twice. Rejects if a job, schedule or retry
   * has failed that `idle()` did not report.
   */
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
  checkOptions('testAddon', options, testOptions)
  const { failedJobs = 'reject', ...first } = options
  const { logger, lines } = createTestLog()
  const addon = typeof made === 'function' ? await made({ store: 'memory:', log: logger }) : made
  if (!isAddon(addon))
    throw new TypeError(`testAddon: expected the function to return an add-on; got ${typeName(addon)}`)
  const jobs = createTestJobs(addon, failedJobs)
  const clock = createClock()
  const servers: { close(): Promise<void> }[] = []

  async function addGroup(given: GroupOptions = {}): Promise<TestGroup> {
    checkOptions('the options of a group', given, groupOptions)
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
    const group = createTestGroup(addon, server, jobs)
    if (install) await group.install(install)
    return group
  }

  async function close(): Promise<void> {
    try {
      const checked = jobs.check()
      await checked.catch(() => {}) // rejects below, when everything is closed
      await addon.close()
      for (const server of servers) await server.close()
      await checked
    } finally {
      clock.restore()
    }
  }

  try {
    const listening = await addon.listen(0)
    listening.unref()
    const group = await addGroup(first)
    return {
      addon,
      clock,
      log: lines,
      jobs: jobs.list,
      server: group.server,
      get room() {
        return group.room
      },
      get installation() {
        return group.installation
      },
      roomOf: group.roomOf,
      install: group.install,
      uninstall: group.uninstall,
      idle: group.idle,
      forge: group.forge,
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
