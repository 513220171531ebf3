import type { RedisConnection } from './connection.ts'
import { type Command, createLine, execute } from './line.ts'

export interface RedisTimeouts {
  /** Milliseconds until a connection must stand. */
  readonly connect: number
  /** Milliseconds until a command must be answered. */
  readonly command: number
}

/** Finds the server that is to have a command. What goes wrong rejects with a `RedisFailure`. */
export interface RedisRouting {
  /** Runs a command about one key. */
  run<T>(key: string, command: Command<T>): Promise<T>
  /** All servers that hold keys. */
  servers(): Promise<RedisServer[]>
  /** Waits for open answers; nothing is opened afterwards. */
  close(): Promise<void>
}

export interface RedisServer {
  /** Always over the same connection: when that is lost it rejects, for the next may lead to another server. */
  run<T>(command: Command<T>): Promise<T>
  /** Whether a key is kept there. */
  has(key: string): boolean
}

/** All keys are on one server, to which `connect` knows the way. */
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
