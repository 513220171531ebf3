import type { RedisConnection } from './connection.ts'
import { type Command, createLine, execute } from './lazy-connection.ts'

/** The timeouts of a Redis store. */
export interface RedisTimeouts {
  /** Milliseconds for opening a connection. */
  readonly connect: number
  /** Milliseconds for the answer to a command. */
  readonly command: number
}

/** Sends each command to the right server. Failures reject with a `RedisFailure`. */
export interface RedisRouting {
  /** Runs a command for one key. */
  run<T>(key: string, command: Command<T>): Promise<T>
  /** All servers that hold keys. */
  servers(): Promise<RedisServer[]>
  /** Waits for pending answers; after that no connection is opened. */
  close(): Promise<void>
}

/** One server of a routing. */
export interface RedisServer {
  /** Always uses the same connection. It rejects when that is lost, since a new one may lead to another server. */
  run<T>(command: Command<T>): Promise<T>
  /** Whether this server holds a key. */
  has(key: string): boolean
}

/** Creates the routing for a single server, which `connect` connects to. */
export function createSingleRouting(
  connect: () => Promise<RedisConnection>,
  { command: timeout }: RedisTimeouts,
): RedisRouting {
  const line = createLine(connect)
  return {
    run: async (_, command) => execute(await line.connected(), command, timeout),
    async servers() {
      const connection = await line.connected()
      return [{ run: (command) => execute(connection, command, timeout), has: () => true }]
    },
    close: () => line.close(timeout),
  }
}
