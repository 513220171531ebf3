import { connect } from 'node:net'

/** An answer from the wire; `text` is the whole answer with its headers. */
export interface RawAnswer {
  /** `undefined` if the connection was closed without an answer. */
  readonly status: number | undefined
  readonly text: string
}

/**
 * Writes bytes unchanged and reads until the other side ends the connection. Stops writing when there is an
 * answer: an attacker does not need the rest to be read.
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

/** This many mebibytes in chunks, which the other side need not read. */
export const mebibytes = (count: number): Buffer[] =>
  Array.from({ length: count * 16 }, () => Buffer.alloc(64 * 1024, 'x'))
