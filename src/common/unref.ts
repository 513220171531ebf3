import type { Server } from 'node:net'

/**
 * Lets the process end although a server is listening and has open connections, if they are made after this call. An idle
 * connection would otherwise keep the process running as long as the peer likes.
 */
export function unrefServer(server: Server): void {
  server.unref()
  server.on('connection', (socket) => socket.unref())
}
