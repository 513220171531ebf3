import type { Server } from 'node:net'

/**
 * Lets the process end although a server listens and connections to it are open, those that come from now on: an idle one
 * would keep it for as long as the other side likes.
 */
export function unrefServer(server: Server): void {
  server.unref()
  server.on('connection', (socket) => socket.unref())
}
