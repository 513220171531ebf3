import { randomBytes } from 'node:crypto'
import type { Journal, Recovered } from '../store.ts'
import type { HolderState, Holders } from './holders.ts'
import type { RedisRouting } from './routing.ts'

/** What the journal of a Redis store works with. */
export interface RedisJournalParts {
  /** Runs a command for one key. Rejects with a `StoreError`. */
  readonly run: RedisRouting['run']
  /** The key of a claim. Throws a `StoreError` for an id that no store can keep. */
  claimOf(id: string): string
  /** Begins all other keys of the journal; no key of a value begins so. */
  readonly prefix: string
  readonly holders: Holders
}

/** The journal of a Redis store. */
export interface RedisJournal extends Journal {
  /** Ends the claim of an id, and forgets its work. */
  release(id: string): Promise<void>
  /** Whether this store has work that is not finished. */
  hasWork(): boolean
}

/**
 * Keeps the work of each store in a hash of its own, by id. Every command has one key, so all of it works in a cluster.
 *
 * Work is written first, and its claim right after it on the same connection, so that there is no claim without its work.
 * The claim has a random value that stands in the work too: work counts only if the claim of its id is its own, or has
 * expired. What is written and not claimed, because somebody else was faster or the process was killed in between, is
 * forgotten by the next one that looks.
 *
 * Taking over moves work from one hash to another: it is written there first, and then removed here, which succeeds for one
 * taker only. A taker that is killed in between leaves it in both, and it may be done twice.
 */
export function createRedisJournal({ run, claimOf, prefix, holders }: RedisJournalParts): RedisJournal {
  const { self } = holders
  const workOf = (holder: string): string => `${prefix}work:${holder}`
  /** The work that this store holds, by id. */
  const held = new Map<string, Stored>()
  let written = 0

  const keep = (id: string, text: string): Promise<unknown> =>
    run(workOf(self), (client) => client.hSet(workOf(self), id, text))

  const forget = (holder: string, id: string): Promise<number> =>
    run(workOf(holder), (client) => client.hDel(workOf(holder), id))

  async function accept(id: string, ttl: number, work: string): Promise<boolean> {
    const claim = claimOf(id)
    const nonce = randomBytes(9).toString('base64url')
    await holders.enter()
    const order = `${Date.now()}.${written++}`
    const stored: Stored = { nonce, order, attempt: 1, crashes: 0, begun: true, work }
    const text = textOf(stored)
    // Not over the work of an earlier delivery with this id, which this store may be doing now.
    const kept = run(workOf(self), (client) => client.hSetNX(workOf(self), id, text))
    const claiming = run(claim, (client) => client.set(claim, nonce, { NX: true, PX: ttl }))
    const [isKept, isClaimed] = await Promise.allSettled([kept, claiming])
    const isNew = isKept.status === 'fulfilled' && isKept.value > 0
    if (isClaimed.status === 'rejected' || isClaimed.value !== 'OK') {
      // Should that fail, it does no harm: work without its claim does not count.
      if (isNew) await forget(self, id).catch(() => {})
      if (isClaimed.status === 'rejected') throw isClaimed.reason
      return false
    }
    if (isKept.status === 'rejected') {
      await run(claim, (client) => client.unlink(claim)).catch(() => {}) // or it expires
      throw isKept.reason
    }
    if (!isNew) await keep(id, text) // of a claim that has expired
    held.set(id, stored)
    return true
  }

  async function recoverFrom(holder: string, begin: string, state: HolderState): Promise<Work[]> {
    const all = await run(workOf(holder), (client) => client.hGetAll(workOf(holder)))
    const works = Object.entries(all).map(([id, text]) => ({ id, ...parsed(text) }))
    const wanted = works.filter(({ id }) => id.startsWith(begin)).toSorted(byOrder)
    const taken: Work[] = []
    for (const work of wanted) {
      const claim = claimOf(work.id)
      const value = await run(claim, (client) => client.get(claim))
      if (value !== null && value !== work.nonce) {
        await forget(holder, work.id)
        continue
      }
      const crashes = work.crashes + (state === 'crashed' && work.begun ? 1 : 0)
      const next = { ...work, attempt: work.attempt + 1, crashes, begun: false }
      await keep(work.id, textOf(next))
      if ((await forget(holder, work.id)) > 0) {
        held.set(work.id, next)
        taken.push(next)
      } else await forget(self, work.id) // another one was faster
    }
    if (wanted.length === works.length) await holders.remove(holder, state)
    return taken
  }

  return {
    accept,
    async begin(id) {
      const stored = held.get(id)
      if (stored) await keep(id, textOf({ ...stored, begun: true }))
    },
    async finish(id) {
      if (held.delete(id)) await forget(self, id)
    },
    async release(id) {
      const claim = claimOf(id)
      await run(claim, (client) => client.unlink(claim))
      if (held.delete(id)) await forget(self, id)
    },
    async recover(begin) {
      const taken: Work[] = []
      for (const holder of await holders.all()) {
        if (holder === self) continue
        const state = await holders.stateOf(holder)
        if (state === 'open') continue
        await holders.enter()
        taken.push(...(await recoverFrom(holder, begin, state)))
      }
      return taken
        .toSorted(byOrder)
        .map(({ id, attempt, crashes, work }): Recovered => ({ id, attempt, crashes, work }))
    },
    hasWork: () => held.size > 0,
  }
}

interface Stored {
  readonly nonce: string
  /** Time of acceptance and number within the store, for sorting. */
  readonly order: string
  readonly attempt: number
  readonly crashes: number
  /** Whether the end of its store counts as a crash of this work. */
  readonly begun: boolean
  readonly work: string
}

type Work = Stored & { readonly id: string }

const textOf = ({ nonce, order, attempt, crashes, begun, work }: Stored): string =>
  `${nonce} ${order} ${attempt} ${crashes} ${begun ? 1 : 0} ${work}`

function parsed(text: string): Stored {
  const [, nonce = '', order = '', attempt = '1', crashes = '0', begun = '1', work = ''] =
    /^(\S+) (\S+) (\d+) (\d+) ([01]) (.*)$/s.exec(text) ?? []
  return { nonce, order, attempt: Number(attempt), crashes: Number(crashes), begun: begun === '1', work }
}

function byOrder(one: Stored, other: Stored): number {
  const [[time = 0, number = 0], [otherTime = 0, otherNumber = 0]] = [one, other].map(({ order }) =>
    order.split('.').map(Number),
  ) as [number[], number[]]
  return time - otherTime || number - otherNumber
}
