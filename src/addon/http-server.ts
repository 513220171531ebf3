import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { unrefServer } from '../common/unref.ts'
import { ConfigurationError } from '../errors.ts'

/** The HTTP server of an add-on that listens itself. */
export interface Listening {
  readonly port: number
  /** Takes no new connection; resolves when the last one is gone. */
  stop(): Promise<void>
  /** Lets the process end although it listens, and although connections are open that come from now on. */
  unref(): void
  /** Closes idle connections, and the others in a second. */
  hurry(): void
}

// A server that somebody else's client keeps waiting must not keep its connections for ever.
const serverOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2_000, // Node looks at the two above every 30 s only
  keepAliveTimeout: 65_000,
}

/**
 * Listens; rejects with a {@link ConfigurationError} where the author can do something about it. `what` is what he asked
 * for, as the message names it.
 */
export async function listenOn(
  listener: RequestListener,
  port: number,
  host: string | undefined,
  what = 'listen',
): Promise<Listening> {
  const server = createServer(serverOptions, listener)
  await opened(server, readPort(port), host, what)
  return {
    port: (server.address() as AddressInfo).port, // it listens on a port, not on a pipe
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
    unref: () => unrefServer(server),
    hurry() {
      server.closeIdleConnections()
      setTimeout(() => server.closeAllConnections(), 1_000).unref()
    },
  }
}

function readPort(given: unknown): number {
  // In plain JavaScript a text out of the environment comes here too.
  const port = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65535) return port
  throw new ConfigurationError(`listen: expected a port from 0 to 65535, came ${String(given)}`)
}

function opened(server: Server, port: number, host: string | undefined, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const where = `port ${port}${host === undefined ? '' : ` of ${host}`}`
      if (error.code === 'EADDRINUSE')
        reject(new ConfigurationError(`${what}: ${where} is taken by another process`, { cause: error }))
      else if (error.code === 'EACCES')
        reject(new ConfigurationError(`${what}: this process may not listen on ${where}`, { cause: error }))
      else if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND')
        reject(
          new ConfigurationError(`${what}: this machine has no address ${host}; leave the host out for all`, {
            cause: error,
          }),
        )
      else reject(error)
    })
    server.listen(port, host, resolve)
  })
}
