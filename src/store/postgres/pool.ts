import { DeadlineError, withDeadline } from '../../common/time-limit.ts'
import { messageOf } from '../../errors.ts'
import type { PostgresConnection } from './connection.ts'

/** An operation failed; `cause` is the original reason. */
export class PostgresFailure extends Error {
  override name = 'PostgresFailure'
  readonly what: 'cannot be reached' | 'went away' | 'is busy' | 'refused'
  /** The SQLSTATE of the server, if it answered with one. */
  readonly state: string | undefined

  constructor(what: PostgresFailure['what'], cause: unknown) {
    super(messageOf(cause), { cause })
    this.what = what
    this.state = stateOf(cause)
  }
}

/** Connections to one server, each for one operation at a time. */
export interface PostgresPool {
  /**
   * Runs an operation on a connection; `milliseconds` is its time, by default the `timeout`. Rejects with a
   * {@link PostgresFailure}.
   */
  run<T>(work: (connection: PostgresConnection) => Promise<T>, milliseconds?: number): Promise<T>
  /** Closes the connections that were not used since the last call. */
  trim(): void
  /** Milliseconds since the server did not answer for the last time; `Infinity` if it always did. */
  sinceOutage(): number
  /** Closes all connections; after that none is opened. */
  close(): Promise<void>
}

/** Options of {@link createPool}. */
export interface PoolOptions {
  /** The most connections. */
  readonly connections: number
  /** Milliseconds for an operation, and for waiting for a connection before it. */
  readonly timeout: number
}

interface Waiter {
  resolve(connection: PostgresConnection): void
  reject(error: unknown): void
}

/** What a server says that ends, begins or has become a standby: a new connection may lead to the present primary. */
const failoverStates: readonly string[] = ['25006', '57P01', '57P02', '57P03']

/** The server ended the statement because it took too long. */
const statementTimeout = '57014'

/**
 * Creates a pool. Connections are opened when they are needed. An operation waits for a free connection no longer than
 * `timeout`, so no queue grows while the server does not answer. When a connection fails, the unused ones are closed too,
 * since they lead to the same server.
 *
 * The pool of `pg` is not used: its unused connections fail one after the other once the server is another one.
 */
export function createPool(
  connect: () => Promise<PostgresConnection>,
  { connections, timeout }: PoolOptions,
): PostgresPool {
  const open = new Set<PostgresConnection>()
  /** The last one was used last. */
  const unused: PostgresConnection[] = []
  const used = new Set<PostgresConnection>()
  const waiting = new Set<Waiter>()
  let opening = 0
  let outage = Number.NEGATIVE_INFINITY
  let closed = false

  async function take(): Promise<PostgresConnection> {
    for (let next = unused.pop(); next; next = unused.pop()) if (next.alive()) return next
    return open.size + opening < connections ? connected() : released()
  }

  async function connected(): Promise<PostgresConnection> {
    opening += 1
    try {
      const made = await connect()
      if (closed) {
        made.drop()
        throw new PostgresFailure('went away', 'it is no longer used')
      }
      open.add(made)
      void made.lost.then(() => forget(made))
      return made
    } catch (error) {
      const failure =
        error instanceof PostgresFailure ? error : new PostgresFailure('cannot be reached', error)
      outage = performance.now()
      // Nothing else will serve those who wait.
      if (open.size === 0) for (const { reject } of waiting) reject(failure)
      throw failure
    } finally {
      opening -= 1
    }
  }

  /** The next connection that another operation releases. */
  function released(): Promise<PostgresConnection> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const reason = `none of ${connections} connections was free for ${timeout} ms`
        waiter.reject(new PostgresFailure('is busy', reason))
      }, timeout)
      const settled = (): void => {
        clearTimeout(timer)
        waiting.delete(waiter)
      }
      const waiter: Waiter = {
        resolve(next) {
          settled()
          resolve(next)
        },
        reject(error) {
          settled()
          reject(error)
        },
      }
      waiting.add(waiter)
    })
  }

  function release(connection: PostgresConnection): void {
    if (!connection.alive()) return
    used.add(connection)
    const [next] = waiting
    if (next) next.resolve(connection)
    else if (closed) void connection.end()
    else unused.push(connection)
  }

  function forget(connection: PostgresConnection): void {
    open.delete(connection)
    used.delete(connection)
    if (waiting.size > 0) connected().then(release, () => {}) // its failure reaches those who wait
  }

  function noteFailure(failure: PostgresFailure): void {
    if (failure.what === 'went away' && failure.state !== statementTimeout) outage = performance.now()
    else if (!failoverStates.includes(failure.state ?? '')) return
    for (const other of unused.splice(0)) other.drop(failure)
  }

  return {
    async run(work, milliseconds = timeout) {
      if (closed) throw new PostgresFailure('went away', 'it is no longer used')
      const taken = await take()
      try {
        return await execute(taken, work, milliseconds)
      } catch (error) {
        if (error instanceof PostgresFailure) noteFailure(error)
        throw error
      } finally {
        release(taken)
      }
    },
    trim() {
      const [kept, old] = [unused.filter((one) => used.has(one)), unused.filter((one) => !used.has(one))]
      unused.splice(0, unused.length, ...kept)
      used.clear()
      for (const connection of old) void connection.end()
    },
    sinceOutage: () => performance.now() - outage,
    async close() {
      closed = true
      await Promise.all([...open].map((connection) => connection.end()))
    },
  }
}

/** Runs one operation. If there is no answer in time, the connection is closed too, since it may hang forever. */
async function execute<T>(
  connection: PostgresConnection,
  work: (connection: PostgresConnection) => Promise<T>,
  timeout: number,
): Promise<T> {
  const late = (): void => connection.drop(new DeadlineError(`no answer within ${timeout} ms`))
  try {
    return await withDeadline(timeout, work(connection), late)
  } catch (error) {
    if (error instanceof DeadlineError) throw new PostgresFailure('went away', error)
    if (failoverStates.includes(stateOf(error) ?? '')) connection.drop(error)
    if (stateOf(error) === '25006') throw new PostgresFailure('refused', error)
    if (stateOf(error) === statementTimeout || !connection.alive())
      throw new PostgresFailure('went away', connection.causeOfDeath() ?? error)
    throw new PostgresFailure('refused', error)
  }
}

function stateOf(error: unknown): string | undefined {
  // Errors of the system have a code too, such as EPIPE, but no severity.
  if (!(error instanceof Error && 'code' in error && 'severity' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
