import { connect } from 'node:net'

/** An answer as it came over the wire; `text` is all of it, headers too. */
export interface RawAnswer {
  /** `undefined` when the connection was closed without one. */
  readonly status: number | undefined
  readonly text: string
}

/**
 * Writes bytes as they are and reads until the other side ends the connection. Stops writing once there is an answer:
 * who attacks does not mind that the rest is not taken.
 */
export function raw(url: string, ...pieces: readonly (string | Buffer)[]): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    const left = [...pieces]
    let text = ''
    const write = (): void => {
      const piece = text === '' ? left.shift() : undefined
      if (piece !== undefined) socket.write(piece, write)
    }
    socket.on('connect', write)
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1')
    })
    socket.on('error', () => {}) // a connection that is reset is closed next
    socket.on('close', () => resolve({ status: statusOf(text), text }))
  })
}

const statusOf = (text: string): number | undefined => {
  const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(text) ?? []
  return status === undefined ? undefined : Number(status)
}

/** The lines of a request that ends its connection, and its body. */
export const request = (lines: readonly string[], body: string | Buffer = ''): Buffer =>
  Buffer.concat([
    Buffer.from(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n`, 'latin1'),
    Buffer.from(body),
  ])

/** So many mebibytes in pieces, none of which the other side has to take. */
export const mebibytes = (count: number): Buffer[] =>
  Array.from({ length: count * 16 }, () => Buffer.alloc(64 * 1024, 'x'))
