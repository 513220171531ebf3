import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPersonalClient } from 'hipchat-addon'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { RootDatabase } from '../../../src/common/lmdb/lmdb.ts'
import { largestPage, page } from '../../../src/server/http/paging.ts'
import { openState } from '../../../src/server/state/state.ts'
import { adminCall, call, startServer } from '../support.ts'

/** Records that were read or walked over. */
const read = vi.hoisted(() => ({ records: 0 }))

vi.mock('../../../src/common/lmdb/lmdb.ts', async (original) => {
  const module = await original<typeof import('../../../src/common/lmdb/lmdb.ts')>()
  return {
    ...module,
    openLmdb: (...all: Parameters<typeof module.openLmdb>) => counted(module.openLmdb(...all)),
  }
})

/** Counts each record got, each entry of a range taken, and each one that a range leaves out before. */
function counted<V, K>(db: RootDatabase<V, K>): RootDatabase<V, K> {
  const { get, getRange } = db
  db.get = function (this: typeof db, key) {
    read.records += 1
    return get.call(this, key)
  }
  db.getRange = function (this: typeof db, options) {
    if ('offset' in options) read.records += Number(options.offset)
    return getRange.call(this, options).map((entry) => {
      read.records += 1
      return entry
    })
  }
  return db
}

const many = 100_000
const start = 1_500_000_000_000_000
const apart = 1_000_000 // microseconds

/** A server whose Lobby has many messages, `message 1`, `message 2` and so on, one each second. */
async function longHistory(count: number) {
  const data = mkdtempSync(join(tmpdir(), 'hipchat-history-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const state = openState(data, { durable: false })
  await state.write(() => {
    for (let number = 1; number <= count; number += 1)
      state.messages.add({
        id: `m${number}`,
        at: start + number * apart,
        roomId: 1,
        type: 'message',
        author: { kind: 'user', id: 1 },
        text: `message ${number}`,
        mentions: [],
      })
  })
  await state.close()
  const server = await startServer({ data })
  const get = async (query: string, path = '') => {
    const before = read.records
    const { body } = await adminCall(server, 'GET', `/room/Lobby/history${path}?${query}`)
    const numbers: number[] = body.items.map(({ message }: { message: string }) => Number(message.slice(8)))
    return { numbers, records: read.records - before, next: body.links.next as string | undefined }
  }
  return { server, get }
}

const iso = (number: number) => new Date((start + number * apart) / 1000).toISOString()

// A hundred thousand messages take seconds of processor time to write, and many on a busy machine.
test('a page of a hundred thousand messages costs the same wherever it is', {
  timeout: 120_000,
}, async () => {
  const { server, get } = await longHistory(many)
  const newest = await get('max-results=100&reverse=false')
  expect([newest.numbers[0], newest.numbers.at(-1)]).toEqual([many, many - 99])
  const pages = {
    deep: await get('max-results=100&reverse=false&start-index=99800'),
    dated: await get(`max-results=100&reverse=false&date=${iso(1_000)}`),
    datedAndDeep: await get(`max-results=100&reverse=false&date=${iso(90_000)}&start-index=89000`),
    between: await get(`max-results=100&reverse=false&date=${iso(50_000)}&end-date=${iso(100)}`),
  }
  expect(Object.values(pages).map(({ numbers }) => [numbers[0], numbers.at(-1)])).toEqual([
    [200, 101],
    [1_000, 901],
    [1_000, 901],
    [50_000, 49_901],
  ])
  expect(newest.records).toBeLessThan(100 * 4)
  // A page is read in four parts; the ends of each are looked up.
  for (const { records } of Object.values(pages)) expect(records - newest.records).toBeLessThanOrEqual(4 * 2)

  const last = await get('max-results=100&reverse=false&start-index=99950')
  expect([last.numbers, last.next]).toEqual([Array.from({ length: 50 }, (_, n) => 50 - n), undefined])
  expect((await get('start-index=100000')).numbers).toEqual([])
  const latest = await get('not-before=m99990&max-results=1000', '/latest')
  expect(latest.numbers).toEqual(Array.from({ length: 11 }, (_, n) => 99_990 + n))
  expect(latest.records).toBeLessThan(11 * 4 + 20)

  const client = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken })
  let expected = many
  for await (const { message } of client.getRoomHistory({
    id_or_name: 'Lobby',
    'max-results': 1000,
    reverse: false,
  })) {
    if (message !== `message ${expected}`) expect(message).toBe(`message ${expected}`)
    expected -= 1
  }
  expect(expected).toBe(0)
})

test('date and end-date are both inclusive, in every accepted form', async () => {
  const { get } = await longHistory(20)
  const seconds = (number: number) => String((start + number * apart) / 1_000_000)
  const three = [10, 11, 12]
  expect((await get(`date=${iso(12)}&end-date=${iso(10)}`)).numbers).toEqual(three)
  expect((await get(`date=${seconds(12)}&end-date=${seconds(10)}`)).numbers).toEqual(three)
  const berlin = iso(12).replace('T02:', 'T04:').replace('Z', '%2B02:00')
  expect((await get(`date=${berlin}&end-date=${seconds(10)}`)).numbers).toEqual(three)
  expect((await get(`date=${iso(10)}&end-date=${iso(12)}`)).numbers).toEqual([])
  expect((await get(`date=${iso(0)}`)).numbers).toEqual([])
  expect((await get(`date=recent&end-date=${iso(12)}&max-results=1`)).numbers).toEqual([20]) // only a dated date has an end
})

test('an answer of megabytes arrives whole', async () => {
  const server = await startServer()
  const text = 'ä€😀'.repeat(3_000) // 9,000 characters in 27,000 bytes
  for (let number = 0; number < 100; number += 1) await server.say('Lobby', 'alice', text)
  const { body } = await adminCall(server, 'GET', '/room/Lobby/history')
  expect(body.items).toHaveLength(100)
  expect(body.items.every(({ message }: { message: string }) => message === text)).toBe(true)
  const client = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken })
  const read = []
  for await (const { message } of client.getRoomHistory({ id_or_name: 'Lobby' })) read.push(message === text)
  expect(read).toEqual(Array(100).fill(true))
})

/** Reads a history page by page, along its links, and returns the texts of each page. */
async function pagesOf(server: Awaited<ReturnType<typeof startServer>>, path: string, token: string) {
  const pages: string[][] = []
  let next: string | undefined = `${server.apiUrl}${path}`
  while (next !== undefined) {
    const { body } = await call(server, 'GET', next, { token })
    expect(Buffer.byteLength(JSON.stringify(body.items))).toBeLessThan(largestPage * 1.01)
    pages.push(body.items.map(({ message }: { message: string }) => message))
    next = body.links.next
  }
  return pages
}

const text = (number: number) => `${number} ${'ä€😀'.repeat(3_300)}` // 10,000 characters in 30,000 bytes

test('a page of large messages has fewer of them, and the next one continues where it ended', async () => {
  const server = await startServer()
  for (let number = 1; number <= 300; number += 1) await server.say('Lobby', 'alice', text(number))
  const all = Array.from({ length: 300 }, (_, index) => text(index + 1))
  const pages = await pagesOf(server, '/room/Lobby/history?max-results=1000', server.adminToken)
  expect(pages.length).toBeGreaterThan(2)
  expect(pages.reverse().flat()).toEqual(all)
  const backwards = await pagesOf(
    server,
    '/room/Lobby/history?max-results=290&reverse=false',
    server.adminToken,
  )
  expect(backwards.flat().reverse()).toEqual(all)
  const client = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken })
  expect(await client.getRoomHistory({ id_or_name: 'Lobby', 'max-results': 1000 }).toArray()).toHaveLength(
    300,
  )

  read.records = 0
  const { body } = await adminCall(server, 'GET', '/room/Lobby/history/latest?max-results=1000')
  expect(body.items.at(-1).message).toBe(all.at(-1))
  expect(body.items.length).toBeLessThan(150)
  expect(read.records).toBeLessThan(4 * body.items.length) // what does not fit is not read either
})

test('a page of large one-to-one messages has fewer of them, too', async () => {
  const server = await startServer()
  const token = await server.createToken({ user: 'alice' })
  for (let number = 1; number <= 200; number += 1)
    await call(server, 'POST', '/user/@bob/message', {
      token,
      json: { message: text(number), message_format: 'text' },
    })
  const pages = await pagesOf(server, '/user/@bob/history?max-results=1000', token)
  expect(pages.length).toBe(2)
  expect(pages.reverse().flat()).toEqual(Array.from({ length: 200 }, (_, index) => text(index + 1)))
})

test('a page of any list ends at its limit of bytes, builds no more items than it has, and is never empty', async () => {
  const numbers = Array.from({ length: 20 }, (_, index) => index)
  let made = 0
  const listed = (start: number, size: number) =>
    page(
      numbers,
      { 'start-index': start, 'max-results': 1000 },
      new URL('http://localhost/v2/room'),
      (number) => {
        made += 1
        return { number, text: 'x'.repeat(size) }
      },
    )
  const first = await listed(0, 1_000_000)
  expect(first.items).toHaveLength(4)
  expect(made).toBe(5)
  expect(first.links?.next).toMatch(/start-index=4&max-results=1000$/)
  expect((await listed(16, 1_000_000)).links?.next).toBeUndefined()
  expect((await listed(3, largestPage * 2)).items).toHaveLength(1)
})
