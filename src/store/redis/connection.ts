import { isIP } from 'node:net'
import type KeyvRedis from '@keyv/redis'
import type { RedisClientConnectionType } from '@keyv/redis'
import { within } from '../deadline.ts'
import type { RedisAddress, RedisLogin } from './url.ts'

export interface RedisTarget extends RedisAddress, RedisLogin {
  /** Milliseconds until the TCP or TLS connection stands; the greeting after it gets half as much again. */
  readonly timeout: number
}

export interface RedisConnection {
  readonly client: RedisClient
  alive(): boolean
  /** Why it is not alive, if that is known. */
  causeOfDeath(): unknown
  /** Cuts the connection at once, for a reason; everything that waits for an answer rejects. */
  drop(reason?: unknown): void
  /** Waits up to `patience` milliseconds for open answers, then cuts. */
  close(patience: number): Promise<void>
}

export type RedisClient = ReturnType<typeof createUnqueued>

/**
 * One connection through the adapter `@keyv/redis`, without its reconnecting and queueing: whoever needs Redis while
 * it is away must hear so, and the next who needs it connects anew.
 */
export async function connectRedis(target: RedisTarget): Promise<RedisConnection> {
  // @redis/client is the largest of all dependencies: not loaded unless Redis is used.
  const { default: Adapter, createClient } = await import('@keyv/redis')
  const client = createUnqueued(createClient, target)
  // The types of the package's two builds differ in private members only; it is the client the adapter makes itself.
  const adapter: KeyvRedis<string> = new Adapter(client as unknown as RedisClientConnectionType, {
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
      await within(patience, adapter.disconnect(), drop).catch(drop)
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
      // A name for the certificate to be of; addresses are none.
      ...(tls
        ? { tls: true, ...(isIP(host) ? {} : { servername: host }), ...(ca ? { ca: [...ca] } : {}) }
        : {}),
    },
  })
}
