import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StoreError } from '../../src/errors.ts'
import type { Store } from '../../src/store/store.ts'

export interface Subject {
  readonly store: Store
  /** A second access to the same values, as another process has one; the same store where there is none. */
  readonly second: Store
  /** Removes what the test left behind; called after `close`. */
  cleanUp?(): Promise<void>
}

/** What every store must do, whatever it keeps its values in. */
export function describeStore(kind: string, open: () => Promise<Subject>): void {
  describe(`the ${kind} store`, () => {
    let subject: Subject
    let store: Store

    beforeEach(async () => {
      subject = await open()
      store = subject.store
    })

    afterEach(async () => {
      await store.close()
      await subject.second.close()
      await subject.cleanUp?.()
    })

    it('gives back what was set, and undefined for what was not', async () => {
      await store.set('a', 'one')
      await store.set('b', '')
      expect(await store.get('a')).toBe('one')
      expect(await store.get('b')).toBe('')
      expect(await store.get('c')).toBeUndefined()
      expect(await subject.second.get('a')).toBe('one')
      await store.set('a', 'two')
      expect(await store.get('a')).toBe('two')
    })

    it('keeps large values and any text as it is', async () => {
      const texts = [
        'x'.repeat(200 * 1024),
        'ü😀\u0000\n"\\',
        '{"value":1,"expires":2}',
        'undefined',
        '\ufeff',
        ' ',
      ]
      for (const [index, text] of texts.entries()) await store.set(`text-${index}`, text)
      for (const [index, text] of texts.entries()) expect(await store.get(`text-${index}`)).toBe(text)
      expect(await store.update('text-0', (value) => `${value}!`)).toBe(`${texts[0]}!`)
      expect((await store.get('text-0'))?.length).toBe(200 * 1024 + 1)
    })

    it('says whether there was something to delete', async () => {
      await store.set('a', '')
      expect(await store.delete('a')).toBe(true)
      expect(await store.delete('a')).toBe(false)
      expect(await store.get('a')).toBeUndefined()
    })

    it('shows an expired value to no verb', async () => {
      for (const key of ['get', 'delete', 'update', 'list']) await store.set(`x:${key}`, 'old', 30)
      await store.set('x:stays', 'here', 60_000)
      await gone(store, 'x:get')
      await delay(20)
      expect(await store.delete('x:delete')).toBe(false)
      expect(await store.update('x:update', (value) => value ?? 'none')).toBe('none')
      expect(await list(store, 'x:')).toEqual({ 'x:stays': 'here', 'x:update': 'none' })
    })

    it('forgets the time to live of a value that is set again without one', async () => {
      await store.set('a', 'short', 40)
      await store.set('a', 'long')
      await store.set('b', 'short', 40)
      await store.update('b', () => 'long')
      await delay(80)
      expect(await store.get('a')).toBe('long')
      expect(await store.get('b')).toBe('long')
    })

    it('gives an updated value the time to live it is given', async () => {
      await store.update('a', () => 'short', 30)
      expect(await store.get('a')).toBe('short')
      await gone(store, 'a')
    })

    it('lists the keys that begin with a prefix, whatever characters it has', async () => {
      const names = [
        'a*b:',
        'a[bc]:',
        'a%:',
        'a_:',
        'a?:',
        'ä😀:',
        'a\\:',
        'a^-]:',
        '%',
        'a\u0000:',
        'a\uffff:',
      ]
      for (const name of names) {
        await store.set(`${name}1`, `${name}one`)
        await store.set(`${name}2`, '')
      }
      await store.set('ab:1', 'no')
      await store.set('aXb:1', 'no')
      for (const name of names)
        expect(await list(store, name)).toEqual({ [`${name}1`]: `${name}one`, [`${name}2`]: '' })
      expect(Object.keys(await list(store, 'nothing'))).toEqual([])
      expect(Object.keys(await list(store, '')).length).toBe(names.length * 2 + 2)
    })

    it('lists keys with characters beyond the basic plane after the prefix', async () => {
      await store.set('p:\uffff', '1')
      await store.set('p:\u{10ffff}', '2')
      expect(await list(store, 'p:')).toEqual({ 'p:\uffff': '1', 'p:\u{10ffff}': '2' })
    })

    it('lists every key once, also while others are written', async () => {
      await Promise.all(Array.from({ length: 350 }, (_, index) => store.set(`old:${index}`, `${index}`)))
      const seen: string[] = []
      let written = 0
      for await (const [key, value] of store.entries('old:')) {
        expect(key).toBe(`old:${value}`)
        seen.push(key)
        if (seen.length % 50 === 0) {
          await store.set(`new:${written++}`, 'x')
          await store.delete('new:0')
        }
      }
      expect(seen.length).toBe(350)
      expect(new Set(seen).size).toBe(350)
    })

    it('lets exactly one of many callers claim a key', async () => {
      const claims = Array.from({ length: 50 }, (_, index) =>
        (index % 2 ? store : subject.second).claim('token', 60_000),
      )
      expect((await Promise.all(claims)).filter(Boolean).length).toBe(1)
      expect(await store.claim('token', 60_000)).toBe(false)
      expect(await store.claim('other', 60_000)).toBe(true)
    })

    it('lets a key be claimed again when it was released or its time is over', async () => {
      expect(await store.claim('token', 60_000)).toBe(true)
      await store.release('token')
      await store.release('token')
      expect(await store.claim('token', 30)).toBe(true)
      await vi.waitFor(async () => expect(await store.claim('token', 60_000)).toBe(true), waiting)
    })

    it('keeps claims apart from values', async () => {
      await store.set('token', 'value')
      expect(await store.claim('token', 60_000)).toBe(true)
      expect(await store.delete('token')).toBe(true)
      expect(await store.get('token')).toBeUndefined()
      expect(await store.claim('token', 60_000)).toBe(false)
      expect(await store.update('token', (value) => value ?? 'none')).toBe('none')
      await store.release('token')
      expect(await list(store, '')).toEqual({ token: 'none' })
    })

    it('loses none of many updates at the same time', async () => {
      const increment = (value: string | undefined): string => String(Number(value ?? 0) + 1)
      const updates = Array.from({ length: 50 }, (_, index) =>
        (index % 2 ? store : subject.second).update('count', increment),
      )
      const results = await Promise.all(updates)
      expect(await store.get('count')).toBe('50')
      expect(new Set(results).size).toBe(50)
    })

    it('removes a value that an update turns into undefined', async () => {
      await store.set('a', 'x')
      expect(await store.update('a', () => undefined)).toBeUndefined()
      expect(await store.get('a')).toBeUndefined()
      expect(await store.update('a', () => undefined)).toBeUndefined()
      expect(await list(store, 'a')).toEqual({})
    })

    it('leaves the value alone when the change throws, and hands the error on as it is', async () => {
      const error = new RangeError('mine')
      await store.set('a', 'x')
      const update = store.update('a', () => {
        throw error
      })
      await expect(update).rejects.toBe(error)
      expect(await store.get('a')).toBe('x')
      expect(await store.update('a', (value) => `${value}y`)).toBe('xy')
    })

    it('takes keys up to 900 bytes and refuses longer, empty and ill-formed ones', async () => {
      const keys = ['k'.repeat(900), 'ü'.repeat(450), '\u0000'.repeat(900), `${'😀'.repeat(225)}`]
      for (const key of keys) {
        await store.set(key, 'x', 60_000)
        expect(await store.get(key)).toBe('x')
      }
      for (const key of ['k'.repeat(901), 'ü'.repeat(451), '', 'a\ud800']) {
        await refused(() => store.set(key, 'x'), /a key m/)
        await refused(() => store.get(key), /a key m/)
        await refused(() => store.claim(key, 1000), /a key m/)
        await refused(() => store.release(key), /a key m/)
        await refused(() => store.update(key, () => 'x'), /a key m/)
        await refused(() => store.delete(key), /a key m/)
      }
    })

    it('refuses a time to live that is no number and takes one that is over as the shortest', async () => {
      await refused(() => store.set('a', 'x', Number.NaN), /number of milliseconds/)
      await store.set('a', 'x', -5)
      await gone(store, 'a')
      await store.set('b', 'x', Number.POSITIVE_INFINITY)
      await store.set('c', 'x', Number.MAX_SAFE_INTEGER)
      await store.set('d', 'x', 60_000.5)
      for (const key of ['b', 'c', 'd']) expect(await store.get(key)).toBe('x')
    })

    it('answers a ping', async () => {
      await store.ping()
    })

    it('waits for pending writes when it closes, and refuses every verb afterwards', async () => {
      const pending = Promise.all(Array.from({ length: 20 }, (_, index) => store.set(`p${index}`, 'x')))
      await store.ping()
      await Promise.all([pending, store.close()])
      await store.close()
      await refused(() => store.get('a'), /is closed/)
      await refused(() => store.set('a', 'x'), /is closed/)
      await refused(() => store.delete('a'), /is closed/)
      await refused(() => store.claim('a', 1000), /is closed/)
      await refused(() => store.release('a'), /is closed/)
      await refused(() => store.update('a', () => 'x'), /is closed/)
      await refused(() => store.ping(), /is closed/)
      await refused(() => list(store, 'a'), /is closed/)
    })
  })
}

const waiting = { timeout: 5000, interval: 10 }

export const gone = (store: Store, key: string): Promise<void> =>
  vi.waitFor(async () => expect(await store.get(key)).toBeUndefined(), waiting)

export async function list(store: Store, prefix: string): Promise<Record<string, string>> {
  const found: [string, string][] = []
  for await (const entry of store.entries(prefix)) found.push(entry)
  expect(new Set(found.map(([key]) => key)).size).toBe(found.length)
  return Object.fromEntries(found)
}

/** Expects a `StoreError` with this message, thrown or by rejection, and gives it back. */
export async function refused(action: () => unknown, message: RegExp): Promise<StoreError> {
  const error = await (async () => action())().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(StoreError)
  if (!(error instanceof StoreError)) throw error
  expect(error.code).toBe('ERR_STORE')
  expect(error.message).toMatch(message)
  return error
}
