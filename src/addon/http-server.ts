import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { unrefServer } from '../common/unref.ts'
import { ConfigurationError } from '../errors.ts'

/** An HTTP server that is listening. */
export interface Listening {
  readonly port: number
  /** Accepts no new connections; resolves when the last one is closed. */
  stop(): Promise<void>
  /** Lets the process end while the server is listening, and while connections opened from now on are open. */
  unref(): void
  /** Closes idle connections now, and the others after a second. */
  hurry(): void
}

// A slow client must not keep its connection forever.
const serverOptions = {
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2_000, // by default Node checks the two timeouts above only every 30 s
  keepAliveTimeout: 65_000,
}

/**
 * Starts an HTTP server. Rejects with a {@link ConfigurationError} for a port or host that the author can
 * change; its message starts with `what`.
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
  // In plain JavaScript, this may be a string from the environment.
  const port = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : given
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65535) return port
  throw new ConfigurationError(`listen: expected a port from 0 to 65535, got ${String(given)}`)
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
