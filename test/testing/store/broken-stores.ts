import { StoreError } from '../../../src/errors.ts'
import type { Journal, Store } from '../../../src/store/store.ts'

type Change = Parameters<Store['update']>[1]

/** A store that does one thing wrong, and what the contract says of it. */
export interface Broken {
  readonly fault: string
  /** Verbs that take the place of a sound store's. */
  readonly verbs: (sound: Store) => Partial<Store>
  /** The check that finds it, and what that says. Others may find it too. */
  readonly check: string
  readonly says: string | RegExp
}

/** A journal that keeps nothing, but for the given operations. */
const journalOf = (operations: Partial<Journal>): Journal => ({
  accept: async () => false,
  begin: async () => {},
  finish: async () => {},
  recover: async () => [],
  ...operations,
})

/** A store for every check of the contract that fails it, but for those of queues. */
export const brokenStores: readonly Broken[] = [
  {
    fault: 'lacks a method',
    verbs: () => ({ release: undefined as never }),
    check: 'has a name and all methods',
    says: "the type of release: expected 'function', got 'undefined'",
  },
  {
    fault: 'has no name',
    verbs: () => ({ name: '' }),
    check: 'has a name and all methods',
    says: 'whether name is not empty: expected true, got false',
  },
  {
    fault: 'returns null for a missing value',
    verbs: (sound) => ({ get: async (key) => (await sound.get(key)) ?? (null as never) }),
    check: 'returns the value that was set, and undefined for other keys',
    says: "get('c'), which was never set: expected undefined, got null",
  },
  {
    fault: 'treats an empty string as missing',
    verbs: (sound) => ({ get: async (key) => (await sound.get(key)) || undefined }),
    check: 'returns the value that was set, and undefined for other keys',
    says: "get('b') after set('b', ''): expected '', got undefined",
  },
  {
    fault: 'never overwrites',
    verbs: (sound) => ({
      set: async (key, value, ttl) => {
        if ((await sound.get(key)) === undefined) await sound.set(key, value, ttl)
      },
    }),
    check: 'returns the value that was set, and undefined for other keys',
    says: "get('a') after set('a', 'two'): expected 'two', got 'one'",
  },
  {
    fault: 'trims values',
    verbs: (sound) => ({ set: (key, value, ttl) => sound.set(key, value.trim(), ttl) }),
    check: 'keeps large values and any string unchanged',
    says: /^get\('text-4'\): expected '\ufeff', got ''$/,
  },
  {
    fault: 'cuts values at 64 KiB',
    verbs: (sound) => ({ set: (key, value, ttl) => sound.set(key, value.slice(0, 65_536), ttl) }),
    check: 'keeps large values and any string unchanged',
    says: /^get\('text-0'\): expected 'x+'\.\.\. 204740 more characters, got 'x+'\.\.\. 65476 more characters$/,
  },
  {
    fault: 'ends strings at a zero byte',
    verbs: (sound) => ({ set: (key, value, ttl) => sound.set(key, value.split('\0')[0] ?? '', ttl) }),
    check: 'keeps large values and any string unchanged',
    says: /^get\('text-1'\): expected .*, got 'ü😀'$/,
  },
  {
    fault: 'reports a value for every deletion',
    verbs: (sound) => ({ delete: async (key) => (await sound.delete(key)) || true }),
    check: 'returns from delete whether there was a value',
    says: "delete('a') again: expected false, got true",
  },
  {
    fault: 'returns nothing from delete',
    verbs: (sound) => ({ delete: async (key) => void (await sound.delete(key)) as never }),
    check: 'returns from delete whether there was a value',
    says: "delete('a') of an empty value: expected true, got undefined",
  },
  {
    fault: 'deletes nothing',
    verbs: (sound) => ({ delete: async (key) => (await sound.get(key)) !== undefined }),
    check: 'returns from delete whether there was a value',
    says: "delete('a') again: expected false, got true",
  },
  {
    fault: 'ignores the time to live',
    verbs: (sound) => ({ set: (key, value) => sound.set(key, value) }),
    check: 'hides an expired value from every method',
    says: "get('x:get') when its time to live is over, even after 4000 ms: expected undefined, got 'old'",
  },
  {
    fault: 'treats milliseconds as seconds',
    verbs: (sound) => ({
      set: (key, value, ttl) => sound.set(key, value, ttl === undefined ? ttl : ttl * 1000),
    }),
    check: 'hides an expired value from every method',
    says: "get('x:get') when its time to live is over, even after 4000 ms: expected undefined, got 'old'",
  },
  {
    fault: 'lists expired values',
    verbs: (sound) => {
      const all = new Map<string, string>()
      return {
        set: (key, value, ttl) => {
          all.set(key, value)
          return sound.set(key, value, ttl)
        },
        async *entries(prefix) {
          for (const [key, value] of all) if (key.startsWith(prefix)) yield [key, value]
        },
      }
    },
    check: 'hides an expired value from every method',
    says: /^entries\('x:'\) when the others have expired: expected \{ .* \}, got \{ 'x:get': 'old'/,
  },
  {
    fault: 'keeps the time to live of the previous value',
    verbs: (sound) => {
      const lifetimes = new Map<string, number | undefined>()
      return {
        set: (key, value, ttl) => {
          lifetimes.set(key, ttl ?? lifetimes.get(key))
          return sound.set(key, value, lifetimes.get(key))
        },
      }
    },
    check: 'keeps a value that is set again without a time to live',
    says: "get('a'), set again without a time to live: expected 'long', got undefined",
  },
  {
    fault: 'ignores the time to live of an update',
    verbs: (sound) => ({ update: (key, change) => sound.update(key, change) }),
    check: 'applies the time to live of an update',
    says: "get('a') when its time to live is over, even after 4000 ms: expected undefined, got 'short'",
  },
  {
    fault: 'reads a prefix as a pattern',
    verbs: (sound) => ({
      async *entries(prefix) {
        const pattern = prefix.replaceAll(/[.\\^$+|(){}]/g, '\\$&').replaceAll('*', '.*')
        for await (const [key, value] of sound.entries(''))
          if (new RegExp(`^${pattern.replaceAll('?', '.')}`, 's').test(key)) yield [key, value]
      },
    }),
    check: 'lists the keys that begin with a prefix of any characters',
    says: /^entries\("a\*b:"\): expected \{ 'a\*b:1': 'a\*b:one', 'a\*b:2': '' \}, got \{/,
  },
  {
    fault: 'lists keys that contain the prefix elsewhere',
    verbs: (sound) => ({
      async *entries(prefix) {
        for await (const [key, value] of sound.entries('')) if (key.includes(prefix)) yield [key, value]
      },
    }),
    check: 'lists the keys that begin with a prefix of any characters',
    says: /^entries\("%"\): expected \{ '%1': '%one', '%2': '' \}, got \{ 'a%:1'/,
  },
  {
    fault: 'ends a range before the last Unicode characters',
    verbs: (sound) => ({
      async *entries(prefix) {
        for await (const [key, value] of sound.entries(prefix))
          if (key < `${prefix}\uffff`) yield [key, value]
      },
    }),
    check: 'lists keys with characters beyond the basic plane after the prefix',
    says: /^entries\('p:'\): expected .*, got \{ 'p:\u{10ffff}': '2' \}$/u,
  },
  {
    fault: 'lists a page of keys twice',
    verbs: (sound) => ({
      async *entries(prefix) {
        yield* sound.entries(prefix)
        yield* sound.entries(prefix)
      },
    }),
    check: 'lists every key once, even while others are written',
    says: "the number of keys that entries('old:') returns: expected 350, got 700",
  },
  {
    fault: 'lists only a hundred keys',
    verbs: (sound) => ({
      async *entries(prefix) {
        let count = 0
        for await (const entry of sound.entries(prefix)) if (count++ < 100) yield entry
      },
    }),
    check: 'lists every key once, even while others are written',
    says: "the number of keys that entries('old:') returns: expected 350, got 100",
  },
  {
    fault: 'checks whether a key is claimed, and claims it later',
    verbs: () => {
      const claims = new Set<string>()
      return {
        claim: async (key) => {
          const free = !claims.has(key)
          await new Promise(setImmediate)
          claims.add(key)
          return free
        },
        release: async (key) => void claims.delete(key),
      }
    },
    check: 'lets exactly one of many callers claim a key',
    says: 'how many of 50 claims were granted: expected 1, got 50',
  },
  {
    fault: 'has one claim for all keys',
    verbs: (sound) => ({ claim: (_, ttl) => sound.claim('one', ttl) }),
    check: 'lets exactly one of many callers claim a key',
    says: "claim('other'): expected true, got false",
  },
  {
    fault: 'releases nothing',
    verbs: () => ({ release: async () => {} }),
    check: 'lets a key be claimed again when it was released or its claim expired',
    says: "claim('token') after its release: expected true, got false",
  },
  {
    fault: 'keeps claims forever',
    verbs: (sound) => ({ claim: (key) => sound.claim(key, 3_600_000) }),
    check: 'lets a key be claimed again when it was released or its claim expired',
    says: "claim('token') when its time is over, even after 4000 ms: expected true, got false",
  },
  {
    fault: 'keeps claims among the values',
    verbs: (sound) => ({
      claim: async (key, ttl) => {
        let taken = false
        await sound.update(
          key,
          (value) => {
            taken = value === undefined
            return value ?? ''
          },
          ttl,
        )
        return taken
      },
      release: async (key) => void (await sound.delete(key)),
    }),
    check: 'keeps claims separate from values',
    says: 'claim() of a key that has a value: expected true, got false',
  },
  {
    fault: 'lists claims',
    verbs: (sound) => {
      const claims = new Set<string>()
      return {
        claim: async (key, ttl) => {
          claims.add(key)
          return sound.claim(key, ttl)
        },
        async *entries(prefix) {
          yield* sound.entries(prefix)
          for (const key of claims) yield [`claim:${key}`, '']
        },
      }
    },
    check: 'keeps claims separate from values',
    says: "entries('') after the release: expected { token: 'none' }, got { token: 'none', 'claim:token': '' }",
  },
  {
    fault: 'updates by reading and then writing',
    verbs: (sound) => ({
      update: async (key, change, ttl) => {
        const value = change(await sound.get(key))
        await new Promise(setImmediate)
        if (value === undefined) await sound.delete(key)
        else await sound.set(key, value, ttl)
        return value
      },
    }),
    check: 'loses none of many updates at the same time',
    says: "the count after 50 simultaneous updates: expected '50', got '1'",
  },
  {
    fault: 'writes the string undefined',
    verbs: (sound) => ({
      update: (key, change, ttl) => sound.update(key, (value) => String(change(value)), ttl),
    }),
    check: 'removes a value that an update turns into undefined',
    says: "the result of the update: expected undefined, got 'undefined'",
  },
  {
    fault: 'removes a value before it changes it',
    verbs: (sound) => ({
      update: async (key, change: Change, ttl) => {
        const before = await sound.get(key)
        await sound.delete(key)
        return sound.update(key, () => change(before), ttl)
      },
    }),
    check: 'keeps the value when the change throws, and passes the error on unchanged',
    says: "get('a') after the change threw: expected 'x', got undefined",
  },
  {
    fault: 'wraps the error of a change',
    verbs: (sound) => ({
      update: (key, change, ttl) =>
        sound.update(key, change, ttl).catch((cause: unknown) => {
          throw new StoreError('update failed', { cause })
        }),
    }),
    check: 'keeps the value when the change throws, and passes the error on unchanged',
    says: /^whether update\(\) passes on the error of its change \(got StoreError: update failed\): expected true/,
  },
  {
    fault: 'cuts long keys',
    verbs: (sound) => ({
      set: (key, value, ttl) => sound.set(key.slice(0, 900), value, ttl),
    }),
    check: 'accepts keys of up to 900 bytes and refuses longer, empty and ill-formed ones',
    says: /^set\(\) with a key of 901 bytes: expected a StoreError that matches .*, got undefined$/,
  },
  {
    fault: 'refuses with another kind of error',
    verbs: (sound) => ({
      get: (key) => {
        if (key === '') throw new TypeError('no key')
        return sound.get(key)
      },
    }),
    check: 'accepts keys of up to 900 bytes and refuses longer, empty and ill-formed ones',
    says: /^get\(\) with an empty key: expected a StoreError that matches .*, got TypeError: no key$/,
  },
  {
    fault: 'treats NaN as forever',
    verbs: (sound) => ({
      set: (key, value, ttl) => sound.set(key, value, Number.isNaN(ttl) ? undefined : ttl),
    }),
    check: 'refuses a time to live that is not a number and treats one in the past as the shortest',
    says: /^set\(\) for NaN milliseconds: expected a StoreError that matches \/milliseconds\/, got undefined$/,
  },
  {
    fault: 'overflows for a very long time to live',
    verbs: (sound) => ({
      set: (key, value, ttl) => sound.set(key, value, ttl === undefined ? ttl : ttl > 2 ** 31 ? 1 : ttl),
      get: async (key) => {
        await new Promise((resolve) => setTimeout(resolve, 3))
        return sound.get(key)
      },
    }),
    check: 'refuses a time to live that is not a number and treats one in the past as the shortest',
    says: /^get\('b'\), set for Infinity milliseconds: expected 'x', got undefined$/,
  },
  {
    fault: 'accepts work whose id is claimed',
    verbs: () => ({ journal: journalOf({ accept: async () => true }) }),
    check: 'claims the id of accepted work, and accepts no work twice',
    says: "how many of 20 accept('job') were granted: expected 1, got 20",
  },
  {
    fault: 'loses the work of a closed store',
    verbs: () => ({ journal: journalOf({}) }),
    check: 'gives the unfinished work of a closed store to another one, once and in order',
    says: /^recover\('a:'\) after the other store was closed: expected .*, got \[\]$/s,
  },
  {
    fault: 'cannot be reached',
    verbs: () => ({
      ping: async () => {
        throw new StoreError('mine: connection refused')
      },
    }),
    check: 'answers a ping',
    says: 'mine: connection refused',
  },
  {
    fault: 'works after it was closed',
    verbs: () => ({ close: async () => {} }),
    check: 'waits for pending writes when it closes, and refuses every call afterwards',
    says: /^get\(\) after close\(\): expected a StoreError that matches .*, got undefined$/,
  },
  {
    fault: 'refuses to be closed twice',
    verbs: (sound) => {
      let closed = false
      return {
        close: async () => {
          if (closed) throw new StoreError('mine is closed already')
          closed = true
          await sound.close()
        },
      }
    },
    check: 'waits for pending writes when it closes, and refuses every call afterwards',
    says: 'mine is closed already',
  },
]
