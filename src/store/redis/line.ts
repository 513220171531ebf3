import { messageOf } from '../../errors.ts'
import { DeadlineError, within } from '../deadline.ts'
import type { RedisClient, RedisConnection } from './connection.ts'

export type Command<T> = (client: RedisClient) => Promise<T>

/** A Redis did not do what it was asked; `cause` is the reason as it came. */
export class RedisFailure extends Error {
  override name = 'RedisFailure'
  readonly what: 'cannot be reached' | 'went away' | 'refused'

  constructor(what: RedisFailure['what'], cause: unknown) {
    super(messageOf(cause), { cause })
    this.what = what
  }
}

/** The line to one server, whichever that is at the time: a connection when one is needed. */
export interface RedisLine {
  /** The open connection, or a new one. */
  connected(): Promise<RedisConnection>
  /** Waits up to `patience` milliseconds for open answers; nothing is opened afterwards. */
  close(patience: number): Promise<void>
}

/** The connection is opened by the first who needs it, and again by the next one after it was lost. */
export function createLine(connect: () => Promise<RedisConnection>): RedisLine {
  let current: RedisConnection | undefined
  let connecting: Promise<RedisConnection> | undefined
  let closed = false

  return {
    async connected() {
      if (closed) throw new RedisFailure('went away', 'it is not used any more')
      if (current?.alive()) return current
      // One attempt at a time, shared by all who wait: a Redis that comes back is not met by a stampede.
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
      throw new RedisFailure('went away', 'it is not used any more')
    },
    async close(patience) {
      closed = true
      await connecting?.catch(() => undefined)
      await current?.close(patience)
    },
  }
}

/** What the first of several attempts to succeed gives. When all fail, the error has the reason of each. */
export async function firstOf<T>(attempts: readonly Promise<T>[]): Promise<T> {
  try {
    return await Promise.any(attempts)
  } catch (error) {
    const reasons = error instanceof AggregateError ? error.errors.map(messageOf) : [messageOf(error)]
    throw new Error([...new Set(reasons)].join('; '), { cause: error })
  }
}

/** One command, answered in time or given up together with the connection, which may hang for ever. */
export async function execute<T>(
  connection: RedisConnection,
  command: Command<T>,
  timeout: number,
): Promise<T> {
  const late = (): void => connection.drop(new DeadlineError(`no answer within ${timeout} ms`))
  try {
    return await within(timeout, command(connection.client), late)
  } catch (error) {
    if (error instanceof DeadlineError) throw new RedisFailure('went away', error)
    if (!connection.alive()) throw new RedisFailure('went away', connection.causeOfDeath() ?? error)
    // A replica, or a master that was made one: another server, or another time, may know who is master now.
    if (/^READONLY\b/.test(messageOf(error))) connection.drop(error)
    throw new RedisFailure('refused', error)
  }
}
