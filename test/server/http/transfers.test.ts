import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { openLmdb } from '../../../src/common/lmdb/lmdb.ts'
import { byteRangeOf } from '../../../src/server/http/byte-range.ts'
import { createTransfers, type TransferLimits } from '../../../src/server/http/transfers.ts'
import type { HipChatServer } from '../../../src/server/index.ts'
import { type Bytes, createBlobs, inMemory, pieceLength } from '../../../src/server/state/blobs.ts'
import { openState } from '../../../src/server/state/state.ts'
import { table } from '../../../src/server/state/table.ts'
import { adminCall, call, startServer } from '../support.ts'

afterEach(() => void vi.useRealTimers())

const MIB = 1024 * 1024

/** A file of its own kind of bytes, so that each place in it can be told. */
const fileOf = (size: number): Buffer => {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32BE(at, at)
  return bytes
}

async function share(server: HipChatServer, content: Buffer): Promise<string> {
  const body = Buffer.concat([
    Buffer.from('--b\r\nContent-Disposition: attachment; name="file"; filename="a.bin"\r\n\r\n'),
    content,
    Buffer.from('\r\n--b--\r\n'),
  ])
  const headers = { 'content-type': 'multipart/related; boundary=b' }
  expect((await adminCall(server, 'POST', '/room/Lobby/share/file', { body, headers })).status).toBe(204)
  return server.history('Lobby').at(-1)?.file?.url ?? ''
}

/** The status alone; `fetch` would ask for a fresh copy. */
async function statusOf(url: string, headers: Record<string, string>): Promise<number | undefined> {
  const { hostname, port, pathname: path } = new URL(url)
  const answer = await new Promise<IncomingMessage>((resolve) =>
    get({ hostname, port, path, headers }, resolve),
  )
  answer.resume()
  return answer.statusCode
}

/** Sends requests, as many as wanted, and reads nothing of the answers. */
async function unread(url: string, headers: Record<string, string> = {}, times = 1): Promise<Socket> {
  const { hostname, port, pathname, search } = new URL(url)
  const socket = connect(Number(port), hostname)
  onTestFinished(() => void socket.destroy())
  socket.on('error', () => {})
  socket.pause()
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  const asking = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${lines.join('')}\r\n`
  socket.write(asking.repeat(times))
  return socket
}

describe('a shared file', () => {
  it('is stored in pieces, and arrives unchanged', async () => {
    const server = await startServer()
    for (const size of [0, 1, pieceLength - 1, pieceLength, pieceLength + 1, 3 * MIB + 5]) {
      const content = fileOf(size)
      const answer = await fetch(await share(server, content))
      expect(answer.headers.get('content-length')).toBe(String(size))
      expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true)
    }
  })

  it('is described by HEAD, and not sent again when the client has it', async () => {
    const server = await startServer()
    const url = await share(server, fileOf(MIB))
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(MIB)])
    const etag = head.headers.get('etag') ?? ''
    expect(await statusOf(url, { 'if-none-match': etag })).toBe(304)
    expect(await statusOf(url, { 'if-none-match': '"other"' })).toBe(200)
  })

  it('is sent in part for a range request', async () => {
    const server = await startServer()
    const content = fileOf(MIB)
    const url = await share(server, content)
    const part = async (range: string, more: Record<string, string> = {}) => {
      const answer = await fetch(url, { headers: { range, ...more } })
      return {
        status: answer.status,
        range: answer.headers.get('content-range'),
        bytes: Buffer.from(await answer.arrayBuffer()),
      }
    }
    const middle = await part('bytes=100000-299999')
    expect([middle.status, middle.range]).toEqual([206, `bytes 100000-299999/${MIB}`])
    expect(middle.bytes.equals(content.subarray(100_000, 300_000))).toBe(true)
    expect((await part('bytes=-10')).bytes.equals(content.subarray(MIB - 10))).toBe(true)
    expect((await part('bytes=5-', { 'if-range': '"other"' })).status).toBe(200)
    expect(await part(`bytes=${MIB}-`)).toMatchObject({ status: 416, range: `bytes */${MIB}` })
  })

  it('takes memory for one piece only, however many readers are slow', async () => {
    const server = await startServer()
    const url = await share(server, fileOf(20 * MIB))
    global.gc?.()
    const before = process.memoryUsage().arrayBuffers
    await Promise.all(Array.from({ length: 60 }, () => unread(url)))
    await new Promise((resolve) => setTimeout(resolve, 500)) // until each of them has got what its system takes
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * MIB) // 1,200 in copies of their own
    expect((await fetch(url)).status).toBe(200)
  })

  it('is removed with its message, and its readers are disconnected', async () => {
    const server = await startServer()
    const room = await adminCall(server, 'POST', '/room', { json: { name: 'Quay' } })
    expect(room.status).toBe(201)
    const url = await share(server, fileOf(20 * MIB))
    const { hostname, port, pathname } = new URL(url)
    const answer = await new Promise<IncomingMessage>((resolve) =>
      get({ hostname, port, path: pathname }, resolve),
    )
    const cut = new Promise((resolve) => answer.once('error', resolve))
    expect((await adminCall(server, 'DELETE', '/room/Lobby')).status).toBe(204)
    answer.resume()
    await cut
    expect((await fetch(url)).status).toBe(404)
  })
})

describe('a file that an earlier version stored in one piece', () => {
  it('is split when the data are opened, and served as before', async () => {
    const path = mkdtempSync(join(tmpdir(), 'hipchat-blobs-'))
    onTestFinished(() => rmSync(path, { recursive: true, force: true }))
    const content = fileOf(2 * pieceLength + 3)
    const old = openLmdb<unknown, (string | number)[]>(path)
    await old.transaction(() => {
      for (const id of ['a', 'b', 'c']) old.putSync(['file', id], { id, name: `${id}.bin`, bytes: content })
      old.putSync(['picture', 'p'], { id: 'p', type: 'image/png', bytes: content })
    })
    await old.close()

    const state = openState(path, { durable: true })
    for (const kept of [state.files.get('a'), state.files.get('c'), state.pictures.get('p')])
      expect(Buffer.concat([...(kept?.content.read(0, content.length) ?? [])]).equals(content)).toBe(true)
    expect(state.files.get('b')).toMatchObject({ id: 'b', name: 'b.bin', content: { size: content.length } })
    await state.close()
  })

  it('is removed completely', async () => {
    const path = mkdtempSync(join(tmpdir(), 'hipchat-blobs-'))
    const db = openLmdb<unknown, (string | number)[]>(path)
    onTestFinished(async () => {
      await db.close()
      rmSync(path, { recursive: true, force: true })
    })
    const blobs = createBlobs<{ id: string; bytes: Uint8Array }>(db, 'file')
    const left = () => [...table(db, 'file').all(), ...table(db, 'filePiece').all()].length
    await db.transaction(() => blobs.put({ id: 'a', bytes: fileOf(3 * pieceLength) }))
    expect(left()).toBe(4)
    await db.transaction(() => blobs.remove('a'))
    expect(left()).toBe(0)
  })
})

/** A server that sends the same bytes to every reader. */
async function sender(bytes: Bytes, limits: Partial<TransferLimits> = {}) {
  const transfers = createTransfers({ caller: 64 * MIB, all: 512 * MIB, patience: 30_000, ...limits })
  const http = createServer((_, response) => {
    const sending = { response, caller: 'a', bytes, from: 0, to: bytes.size, held: bytes.size }
    transfers.send(sending).pipe(response)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    transfers.close()
    http.closeAllConnections()
    http.close()
  })
  return { transfers, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/` }
}

const large = inMemory(Buffer.alloc(16 * MIB))

describe('a reader', () => {
  it('that takes nothing is disconnected, and its bytes are released', async () => {
    const { transfers, url } = await sender(large, { patience: 300, caller: 1 })
    const socket = await unread(url)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await expect.poll(() => refused(transfers)).toBe(429)
    socket.resume() // what the system took before comes; then the connection ends
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.pause()
    await expect.poll(() => refused(transfers)).toBeUndefined()
    socket.resume()
    await closed
  })

  it('that takes something now and then is not disconnected', async () => {
    const { url } = await sender(large, { patience: 1_000 })
    const socket = await unread(url)
    let got = 0
    socket.on('data', (bytes: Buffer) => {
      got += bytes.length
      socket.pause()
      setTimeout(() => socket.resume(), 1)
    })
    socket.resume()
    await expect.poll(() => got, { timeout: 20_000 }).toBeGreaterThan(16 * MIB)
  })

  it('that does not read is refused when much is held for it, and others are served', async () => {
    const { transfers, url } = await sender(large, { caller: 40 * MIB, all: 100 * MIB })
    for (const readers of [1, 2, 3]) {
      expect(refused(transfers)).toBeUndefined()
      await unread(url)
      await expect.poll(() => heldFor(transfers)).toBe(readers < 3 ? undefined : 48 * MIB)
    }
    expect(refused(transfers)).toBe(429)
    expect(refused(transfers, 'b')).toBeUndefined()
    const release = transfers.hold('c', 80 * MIB)
    expect(refused(transfers, 'b')).toBe(503)
    release()
    release() // twice is once
    expect(refused(transfers, 'b')).toBeUndefined()
  })
})

type Transfers = ReturnType<typeof createTransfers>

function refused(transfers: Transfers, caller = 'a'): number | undefined {
  try {
    transfers.check(caller)
    return undefined
  } catch (error) {
    return (error as { status: number }).status
  }
}

/** The message of a refusal; `undefined` when nothing is refused. */
function heldFor(transfers: Transfers): number | undefined {
  try {
    transfers.check('a')
    return undefined
  } catch (error) {
    return Number(/^(\d+) bytes are in transit/.exec((error as Error).message)?.[1])
  }
}

describe('a caller', () => {
  it('of the API that does not read large answers is refused, and continues later', async () => {
    const server = await startServer()
    const text = '€'.repeat(10_000)
    for (let number = 0; number < 150; number += 1) await server.say('Lobby', 'alice', text)
    const bob = await server.createToken({ user: 'bob' })
    const url = `${server.apiUrl}/room/Lobby/history?max-results=1000`
    // The system takes the first of each connection, the server holds the others.
    const bearer = { authorization: `Bearer ${bob}` }
    const sockets = await Promise.all([1, 2, 3].map(() => unread(url, bearer, 7)))
    await expect.poll(async () => (await call(server, 'GET', '/room/Lobby', { token: bob })).status).toBe(429)
    expect((await adminCall(server, 'GET', '/room/Lobby/history')).status).toBe(200)
    for (const socket of sockets) socket.destroy()
    await expect.poll(async () => (await call(server, 'GET', '/room/Lobby', { token: bob })).status).toBe(200)
  })

  it('that sends several large files slowly is refused', async () => {
    const server = await startServer()
    const { hostname, port } = new URL(server.url)
    const bob = await server.createToken({ user: 'bob' })
    for (let number = 0; number < 3; number += 1) {
      const socket = connect(Number(port), hostname)
      onTestFinished(() => void socket.destroy())
      socket.write(
        `POST /v2/room/Lobby/share/file HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: Bearer ${bob}\r\n` +
          `Content-Type: multipart/related; boundary=b\r\nContent-Length: ${28 * MIB}\r\n\r\n--b`,
      )
    }
    await expect.poll(async () => (await call(server, 'GET', '/room/Lobby', { token: bob })).status).toBe(429)
    const refusal = await call(server, 'GET', '/room/Lobby', { token: bob })
    expect(refusal.body.error.message).toMatch(
      /^\d+ bytes are in transit to and from you, expected fewer than 67108864/,
    )
    expect(refusal.headers.get('retry-after')).toBe('5')
    expect((await adminCall(server, 'GET', '/room/Lobby')).status).toBe(200)
  })
})

describe('a range', () => {
  it.each([
    ['bytes=0-0', { from: 0, to: 1 }],
    ['bytes=0-', { from: 0, to: 100 }],
    ['bytes=99-200', { from: 99, to: 100 }],
    ['bytes=-1', { from: 99, to: 100 }],
    ['bytes=-200', { from: 0, to: 100 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=5-4', undefined],
    ['bytes=0-1,5-6', undefined],
    ['bytes=-', undefined],
    ['lines=0-1', undefined],
    ['', undefined],
  ])('of a hundred bytes is parsed: %s', (header, range) => {
    expect(byteRangeOf(header, 100)).toEqual(range)
  })
})
