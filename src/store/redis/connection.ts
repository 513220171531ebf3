import { isIP } from 'node:net'
import { withDeadline } from '../../common/time-limit.ts'
import type { RedisAddress, RedisLogin } from './url.ts'

/** A server to connect to. */
export interface RedisTarget extends RedisAddress, RedisLogin {
  /** Milliseconds for the TCP or TLS connection; the handshake after it gets half as much again. */
  readonly timeout: number
}

/** An open connection to one server. */
export interface RedisConnection {
  readonly client: RedisClient
  /** Whether it can be used. */
  alive(): boolean
  /** Why it is not alive, if that is known. */
  causeOfDeath(): unknown
  /** Closes the connection at once, with a reason; all pending commands reject. */
  drop(reason?: unknown): void
  /** Waits up to `patience` milliseconds for pending answers, then closes the connection. */
  close(patience: number): Promise<void>
}

/** The client of a connection, which neither reconnects nor queues. */
export type RedisClient = ReturnType<typeof createUnqueued>

/**
 * Opens one connection with the adapter `@keyv/redis`, without its reconnecting and queueing: while Redis is unavailable,
 * operations must fail, and the next operation connects again.
 */
export async function connectRedis(target: RedisTarget): Promise<RedisConnection> {
  // @redis/client is the largest of all dependencies, so it is only loaded if Redis is used.
  const { default: Adapter, createClient } = await import('@keyv/redis')
  const client = createUnqueued(createClient, target)
  const adapter = new Adapter(client, {
    throwOnConnectError: true,
    throwOnErrors: true,
    connectionTimeout: target.timeout * 1.5,
  })
  // Without a listener an error event ends the process. The first one of a connection is its cause of death.
  let cause: unknown
  adapter.on('error', (error) => {
    cause ??= error
  })

  try {
    await adapter.getClient()
  } catch (error) {
    throw cause ?? error // the adapter's own error does not say why
  }

  const drop = (reason?: unknown): void => {
    cause ??= reason
    if (client.isOpen) client.destroy()
  }
  return {
    client,
    alive: () => client.isReady,
    causeOfDeath: () => cause,
    drop,
    async close(patience) {
      if (!client.isOpen) return
      await withDeadline(patience, adapter.disconnect(), drop).catch(drop)
    },
  }
}

function createUnqueued(createClient: typeof import('@keyv/redis').createClient, target: RedisTarget) {
  const { host, port, username, password, database, tls, ca, timeout } = target
  return createClient({
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    database,
    disableOfflineQueue: true,
    maintNotifications: 'disabled',
    socket: {
      host,
      port,
      connectTimeout: timeout,
      reconnectStrategy: false,
      // The name that the certificate must have; an IP address is not a name.
      ...(tls
        ? { tls: true, ...(isIP(host) ? {} : { servername: host }), ...(ca ? { ca: [...ca] } : {}) }
        : {}),
    },
  })
}
