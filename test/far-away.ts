import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** Lets a server listen until the test is over, and gives its port. */
export async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port // a port, not a pipe
}

/**
 * Stands before a server on this machine, and passes everything on after a time, as a long way does. `idle` is how many
 * milliseconds after an answer the far end closes a connection, without telling anybody before.
 */
export function farAway(port: number, milliseconds: number, idle?: number): Promise<number> {
  const later = (act: () => void) => setTimeout(act, milliseconds)
  return listening(
    createServer((near) => {
      const far = connect(port, '127.0.0.1')
      let closing: NodeJS.Timeout | undefined
      near.on('data', (data) =>
        later(() => {
          clearTimeout(closing)
          far.write(data)
        }),
      )
      far.on('data', (data) => {
        later(() => near.write(data))
        // From the answer on: a request that has come is not left without one.
        clearTimeout(closing)
        if (idle !== undefined) closing = setTimeout(() => far.destroy(), idle)
      })
      near.on('close', () => later(() => far.destroy()))
      far.on('close', () => later(() => near.destroy()))
      far.on('error', () => {})
    }),
  )
}
