import { setTimeout as delay } from 'node:timers/promises'
import type { Store } from '../../store/store.ts'
import { storeVerbs } from '../../store/watched.ts'
import { becomes, gone, list, refused, same } from './asserting.ts'

/** A store, and a second store object for the same values. */
export interface Subject {
  readonly store: Store
  readonly second: Store
}

/** The checks that every store must pass, by a sentence about the store. */
export const checks: Readonly<Record<string, (subject: Subject) => Promise<void>>> = {
  async 'has a name and all methods'({ store }) {
    same(typeof store.name, 'string', 'the type of name')
    same(store.name !== '', true, 'whether name is not empty')
    for (const verb of [...storeVerbs, 'close'] as const)
      same(typeof store[verb], 'function', `the type of ${verb}`)
  },

  async 'returns the value that was set, and undefined for other keys'({ store, second }) {
    await store.set('a', 'one')
    await store.set('b', '')
    same(await store.get('a'), 'one', "get('a') after set('a', 'one')")
    same(await store.get('b'), '', "get('b') after set('b', '')")
    same(await store.get('c'), undefined, "get('c'), which was never set")
    same(await second.get('a'), 'one', "get('a') of the second store after set('a', 'one')")
    await store.set('a', 'two')
    same(await store.get('a'), 'two', "get('a') after set('a', 'two')")
  },

  async 'keeps large values and any string unchanged'({ store }) {
    const texts = [
      'x'.repeat(200 * 1024),
      'ü😀\u0000\n"\\',
      '{"value":1,"expires":2}',
      'undefined',
      '\ufeff',
      ' ',
      ' a string with whitespace around it\n',
    ]
    for (const [index, text] of texts.entries()) await store.set(`text-${index}`, text)
    for (const [index, text] of texts.entries())
      same(await store.get(`text-${index}`), text, `get('text-${index}')`)
    const updated = await store.update('text-0', (value) => `${value}!`)
    same(updated, `${texts[0]}!`, 'the result of an update of 200 KiB')
    same((await store.get('text-0'))?.length, 200 * 1024 + 1, 'the length of the updated value')
  },

  async 'returns from delete whether there was a value'({ store }) {
    await store.set('a', '')
    same(await store.delete('a'), true, "delete('a') of an empty value")
    same(await store.delete('a'), false, "delete('a') again")
    same(await store.get('a'), undefined, "get('a') after it was deleted")
  },

  async 'hides an expired value from every method'({ store }) {
    for (const key of ['get', 'delete', 'update', 'list']) await store.set(`x:${key}`, 'old', 30)
    await store.set('x:stays', 'here', 60_000)
    await gone(store, 'x:get')
    await delay(20)
    same(await store.delete('x:delete'), false, 'delete() of an expired value')
    const updated = await store.update('x:update', (value) => value ?? 'none')
    same(updated, 'none', 'update() of an expired value, which it gets as undefined')
    same(
      await list(store, 'x:'),
      { 'x:stays': 'here', 'x:update': 'none' },
      "entries('x:') when the others have expired",
    )
  },

  async 'keeps a value that is set again without a time to live'({ store }) {
    await store.set('a', 'short', 40)
    await store.set('a', 'long')
    await store.set('b', 'short', 40)
    await store.update('b', () => 'long')
    await delay(80)
    same(await store.get('a'), 'long', "get('a'), set again without a time to live")
    same(await store.get('b'), 'long', "get('b'), updated without a time to live")
  },

  async 'applies the time to live of an update'({ store }) {
    await store.update('a', () => 'short', 300)
    same(await store.get('a'), 'short', "get('a') before its time to live is over")
    await gone(store, 'a')
  },

  async 'lists the keys that begin with a prefix of any characters'({ store }) {
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
      ...['\u0000', '\u0001', '\u0004', '\u0005', '\u00051', '\u001b', '\u001f'].map(
        (odd) => `${'long'.repeat(20)}${odd}:`,
      ),
    ]
    for (const name of names) {
      await store.set(`${name}1`, `${name}one`)
      await store.set(`${name}2`, '')
    }
    await store.set('ab:1', 'no')
    await store.set('aXb:1', 'no')
    for (const name of names)
      same(
        await list(store, name),
        { [`${name}1`]: `${name}one`, [`${name}2`]: '' },
        `entries(${JSON.stringify(name)})`,
      )
    same(Object.keys(await list(store, 'nothing')), [], "the keys of entries('nothing')")
    same(Object.keys(await list(store, '')).length, names.length * 2 + 2, "the number of all, entries('')")
  },

  async 'lists keys with characters beyond the basic plane after the prefix'({ store }) {
    await store.set('p:\uffff', '1')
    await store.set('p:\u{10ffff}', '2')
    same(await list(store, 'p:'), { 'p:\uffff': '1', 'p:\u{10ffff}': '2' }, "entries('p:')")
  },

  async 'lists every key once, even while others are written'({ store }) {
    const count = 350
    await Promise.all(Array.from({ length: count }, (_, index) => store.set(`old:${index}`, `${index}`)))
    const seen: string[] = []
    let written = 0
    for await (const [key, value] of store.entries('old:')) {
      same(key, `old:${value}`, `the key of the value ${value}`)
      seen.push(key)
      if (seen.length % 50 === 0) {
        await store.set(`new:${written++}`, 'x')
        await store.delete('new:0')
      }
    }
    same(seen.length, count, "the number of keys that entries('old:') returns")
    same(new Set(seen).size, count, "the number of different keys that entries('old:') returns")
  },

  async 'lets exactly one of many callers claim a key'({ store, second }) {
    const claims = Array.from({ length: 50 }, (_, index) =>
      (index % 2 ? store : second).claim('token', 60_000),
    )
    same((await Promise.all(claims)).filter(Boolean).length, 1, 'how many of 50 claims were granted')
    same(await store.claim('token', 60_000), false, "claim('token') again")
    same(await store.claim('other', 60_000), true, "claim('other')")
  },

  async 'lets a key be claimed again when it was released or its claim expired'({ store }) {
    same(await store.claim('token', 60_000), true, "claim('token')")
    await store.release('token')
    await store.release('token')
    same(await store.claim('token', 30), true, "claim('token') after its release")
    await becomes(() => store.claim('token', 60_000), true, "claim('token') when its time is over")
  },

  async 'keeps claims separate from values'({ store }) {
    await store.set('token', 'value')
    same(await store.claim('token', 60_000), true, 'claim() of a key that has a value')
    same(await store.delete('token'), true, 'delete() of a value whose key is claimed')
    same(await store.get('token'), undefined, 'get() of a deleted value whose key is claimed')
    same(await store.claim('token', 60_000), false, 'claim() again, after the value was deleted')
    const updated = await store.update('token', (value) => value ?? 'none')
    same(updated, 'none', 'update() of a key that is claimed and has no value')
    await store.release('token')
    same(await list(store, ''), { token: 'none' }, "entries('') after the release")
  },

  async 'loses none of many updates at the same time'({ store, second }) {
    const increment = (value: string | undefined): string => String(Number(value ?? 0) + 1)
    const updates = Array.from({ length: 50 }, (_, index) =>
      (index % 2 ? store : second).update('count', increment),
    )
    const results = await Promise.all(updates)
    same(await store.get('count'), '50', 'the count after 50 simultaneous updates')
    same(new Set(results).size, 50, 'how many different results the 50 updates gave')
  },

  async 'removes a value that an update turns into undefined'({ store }) {
    await store.set('a', 'x')
    same(await store.update('a', () => undefined), undefined, 'the result of the update')
    same(await store.get('a'), undefined, "get('a') after the update")
    same(await store.update('a', () => undefined), undefined, 'the result of updating a missing value')
    same(await list(store, 'a'), {}, "entries('a') after the update")
  },

  async 'keeps the value when the change throws, and passes the error on unchanged'({ store }) {
    const error = new RangeError('mine')
    await store.set('a', 'x')
    const thrown = await store
      .update('a', () => {
        throw error
      })
      .catch((reason: unknown) => reason)
    same(thrown === error, true, `whether update() passes on the error of its change (got ${thrown})`)
    same(await store.get('a'), 'x', "get('a') after the change threw")
    same(await store.update('a', (value) => `${value}y`), 'xy', 'the next update')
  },

  async 'accepts keys of up to 900 bytes and refuses longer, empty and ill-formed ones'({ store }) {
    for (const key of ['k'.repeat(900), 'ü'.repeat(450), '\u0000'.repeat(900), '😀'.repeat(225)]) {
      await store.set(key, 'x', 60_000)
      same(await store.get(key), 'x', `get() of a key of 900 bytes (${JSON.stringify(key.slice(0, 2))}…)`)
    }
    const wrong = {
      'a key of 901 bytes': 'k'.repeat(901),
      'a key of 902 bytes': 'ü'.repeat(451),
      'an empty key': '',
      'a key with half a surrogate pair': 'a\ud800',
    }
    for (const [what, key] of Object.entries(wrong))
      for (const [verb, use] of Object.entries(usesOf(store, key)))
        await refused(use, /\bkey\b/i, `${verb}() with ${what}`)
  },

  async 'refuses a time to live that is not a number and treats one in the past as the shortest'({ store }) {
    const timed: Record<string, (key: string, ttl: number) => Promise<unknown>> = {
      set: (key, ttl) => store.set(key, 'x', ttl),
      update: (key, ttl) => store.update(key, () => 'x', ttl),
      claim: (key, ttl) => store.claim(key, ttl),
    }
    for (const [verb, use] of Object.entries(timed))
      await refused(() => use('a', Number.NaN), /milliseconds/, `${verb}() for NaN milliseconds`)
    for (const ttl of [-5, 0, Number.NEGATIVE_INFINITY]) {
      await store.set('a', 'x', ttl)
      await gone(store, 'a')
      await store.update('a', () => 'x', ttl)
      await gone(store, 'a')
      same(await store.claim(`claim ${ttl}`, ttl), true, `claim() for ${ttl} milliseconds`)
      await becomes(
        () => store.claim(`claim ${ttl}`, 60_000),
        true,
        `claim() after one for ${ttl} milliseconds`,
      )
    }
    const long = { b: Number.POSITIVE_INFINITY, c: Number.MAX_SAFE_INTEGER, d: 60_000.5 }
    for (const [key, ttl] of Object.entries(long)) {
      await store.set(key, 'x', ttl)
      await store.update(`updated ${key}`, () => 'x', ttl)
      same(await store.claim(key, ttl), true, `claim() for ${ttl} milliseconds`)
    }
    for (const [key, ttl] of Object.entries(long)) {
      same(await store.get(key), 'x', `get('${key}'), set for ${ttl} milliseconds`)
      same(await store.get(`updated ${key}`), 'x', `get(), updated for ${ttl} milliseconds`)
      same(await store.claim(key, ttl), false, `claim() again, claimed for ${ttl} milliseconds`)
      await store.release(key)
      same(await store.claim(key, ttl), true, `claim() for ${ttl} milliseconds after its release`)
    }
  },

  // A store without a journal passes the next two: it needs none.
  async 'claims the id of accepted work, and accepts no work twice'({ store, second }) {
    const { journal } = store
    if (!journal) return
    const accepted = Array.from({ length: 20 }, (_, index) =>
      (index % 2 ? journal : second.journal)?.accept('job', 60_000, `work ${index}`),
    )
    same((await Promise.all(accepted)).filter(Boolean).length, 1, "how many of 20 accept('job') were granted")
    same(await store.claim('job', 60_000), false, "claim('job') after accept('job')")
    await journal.finish('job')
    same(await journal.accept('job', 60_000, 'x'), false, "accept('job') after finish('job')")
    await store.release('job')
    same(await journal.accept('job', 60_000, 'x'), true, "accept('job') after release('job')")
  },

  async 'gives the unfinished work of a closed store to another one, once and in order'({ store, second }) {
    const { journal } = store
    if (!journal || !second.journal || second === store) return
    const texts = [
      '{"a":"b c"}',
      '',
      'ü😀\u0000\r\n"\\\u001bn\u001b',
      'x'.repeat(256 * 1024),
      'finished',
      'released',
    ]
    for (const [index, text] of texts.entries()) await journal.accept(`a:${index} ü`, 60_000, text)
    await journal.accept('b', 60_000, 'other')
    await journal.finish('a:4 ü')
    await store.release('a:5 ü')
    same(await second.journal.recover(''), [], "recover('') while the store with the work is open")
    await store.close()
    const works = texts
      .slice(0, 4)
      .map((work, index) => ({ id: `a:${index} ü`, attempt: 2, crashes: 0, work }))
    same(await second.journal.recover('a:'), works, "recover('a:') after the other store was closed")
    same(await second.journal.recover('a:'), [], "recover('a:') again")
    same(
      await second.journal.recover(''),
      [{ id: 'b', attempt: 2, crashes: 0, work: 'other' }],
      "recover('') after recover('a:')",
    )
  },

  async 'answers a ping'({ store }) {
    await store.ping()
  },

  async 'waits for pending writes when it closes, and refuses every call afterwards'({ store }) {
    const pending = Promise.all(Array.from({ length: 20 }, (_, index) => store.set(`p${index}`, 'x')))
    await store.ping()
    await Promise.all([pending, store.close()])
    await store.close()
    const uses = {
      ...usesOf(store, 'a'),
      ping: () => store.ping(),
      entries: () => list(store, 'a'),
    }
    for (const [verb, use] of Object.entries(uses))
      await refused(use, /\bclosed\b/i, `${verb}() after close()`)
  },
}

/** The methods that take a key, called with this key. */
const usesOf = (store: Store, key: string): Readonly<Record<string, () => unknown>> => ({
  get: () => store.get(key),
  set: () => store.set(key, 'x'),
  delete: () => store.delete(key),
  claim: () => store.claim(key, 1000),
  release: () => store.release(key),
  update: () => store.update(key, () => 'x'),
})
