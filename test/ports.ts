import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

// Below the ports that Linux and macOS give to outgoing connections: one of those may be taken by a connection of another test
// before the server that it was found for listens.
const [lowest, highest] = [15_000, 32_000]

/** Ports of this machine on which nobody listens: all different, and none of them taken again soon. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Map<number, Server>()
  while (found.size < count) {
    const port = randomInt(lowest, highest)
    const server = found.has(port) ? undefined : await listening(port)
    if (server) found.set(port, server)
  }
  await Promise.all([...found.values()].map((server) => once(server.close(), 'close')))
  return [...found.keys()]
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}

/** A server on the port; `undefined` if it is taken. */
async function listening(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return server
  } catch {
    return undefined
  }
}
