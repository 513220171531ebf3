import { DeadlineError, withDeadline } from '../../common/time-limit.ts'
import { messageOf } from '../../errors.ts'
import type { RedisClient, RedisConnection } from './connection.ts'

/** A command, as a call of the client. */
export type Command<T> = (client: RedisClient) => Promise<T>

/** A Redis command failed; `cause` is the original reason. */
export class RedisFailure extends Error {
  override name = 'RedisFailure'
  readonly what: 'cannot be reached' | 'went away' | 'refused'

  constructor(what: RedisFailure['what'], cause: unknown) {
    super(messageOf(cause), { cause })
    this.what = what
  }
}

/** The line to one server, which may change over time: it connects when a connection is needed. */
export interface RedisLine {
  /** The open connection, or a new one. */
  connected(): Promise<RedisConnection>
  /** Waits up to `patience` milliseconds for pending answers; after that the line opens no connection. */
  close(patience: number): Promise<void>
}

/** Creates a line. The first caller opens the connection, and so does the next caller after it was lost. */
export function createLine(connect: () => Promise<RedisConnection>): RedisLine {
  let current: RedisConnection | undefined
  let connecting: Promise<RedisConnection> | undefined
  let closed = false

  return {
    async connected() {
      if (closed) throw new RedisFailure('went away', 'it is no longer used')
      if (current?.alive()) return current
      // All waiting callers share one attempt, so that a Redis that comes back does not get a stampede of connections.
      connecting ??= connect().finally(() => {
        connecting = undefined
      })
      let made: RedisConnection
      try {
        made = await connecting
      } catch (error) {
        throw new RedisFailure('cannot be reached', error)
      }
      current = made
      if (!closed) return made
      await made.close(0)
      throw new RedisFailure('went away', 'it is no longer used')
    },
    async close(patience) {
      closed = true
      await connecting?.catch(() => undefined)
      await current?.close(patience)
    },
  }
}

/** The result of the first attempt that succeeds. If all fail, the error contains all reasons. */
export async function firstOf<T>(attempts: readonly Promise<T>[]): Promise<T> {
  try {
    return await Promise.any(attempts)
  } catch (error) {
    const reasons = error instanceof AggregateError ? error.errors.map(messageOf) : [messageOf(error)]
    throw new Error([...new Set(reasons)].join('; '), { cause: error })
  }
}

/** Runs one command. If there is no answer in time, the connection is closed too, since it may hang forever. */
export async function execute<T>(
  connection: RedisConnection,
  command: Command<T>,
  timeout: number,
): Promise<T> {
  const late = (): void => connection.drop(new DeadlineError(`no answer within ${timeout} ms`))
  try {
    return await withDeadline(timeout, command(connection.client), late)
  } catch (error) {
    if (error instanceof DeadlineError) throw new RedisFailure('went away', error)
    if (!connection.alive()) throw new RedisFailure('went away', connection.causeOfDeath() ?? error)
    // A replica, or a former master: a new connection may lead to the present master.
    if (/^READONLY\b/.test(messageOf(error))) connection.drop(error)
    throw new RedisFailure('refused', error)
  }
}
