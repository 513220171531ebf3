import { randomBytes } from 'node:crypto'
import type { Journal, Recovered } from '../store.ts'
import type { Command } from './lazy-connection.ts'

/** What the journal of a Redis store works with. */
export interface RedisJournalParts {
  /** Runs a command for one key. Rejects with a `StoreError`. */
  run<T>(key: string, command: Command<T>): Promise<T>
  /** The key of a claim. Throws a `StoreError` for an id that no store can keep. */
  claimOf(id: string): string
  /** Begins all other keys of the journal; no key of a value begins so. */
  readonly prefix: string
  /** Milliseconds without a sign of life after which a store counts as gone. */
  readonly lease: number
}

/** The journal of a Redis store. */
export interface RedisJournal extends Journal {
  /** Ends the claim of an id, and forgets its work. */
  release(id: string): Promise<void>
  /** Declares that this store is gone: what it has not finished may be taken over. */
  leave(): Promise<void>
}

/** Values of the key that tells what became of a store. It is absent when the store gave no sign of life for the lease. */
const signs = { open: '1', closed: 'closed' } as const

/** Milliseconds for which a store is known to have been closed. */
const closedFor = 7 * 24 * 3_600_000

/**
 * Keeps the work of each store in a hash of its own, by id, and the name of each store with work in a set. Every command
 * has one key, so all of it works in a cluster.
 *
 * Work is written first, and its claim right after it on the same connection, so that there is no claim without its work.
 * The claim has a random value that stands in the work too: work counts only if the claim of its id is its own, or has
 * expired. What is written and not claimed, because somebody else was faster or the process was killed in between, is
 * forgotten by the next one that looks.
 *
 * A store with work has a key that expires unless it is renewed. Taking over moves work from one hash to another: it is
 * written there first, and then removed here, which succeeds for one taker only. A taker that is killed in between leaves
 * it in both, and it may be done twice.
 */
export function createRedisJournal({ run, claimOf, prefix, lease }: RedisJournalParts): RedisJournal {
  const self = randomBytes(9).toString('base64url')
  const holders = `${prefix}holders`
  const workOf = (holder: string): string => `${prefix}work:${holder}`
  const signOf = (holder: string): string => `${prefix}alive:${holder}`
  /** The work that this store holds, by id. */
  const held = new Map<string, Stored>()
  let written = 0
  let renewing: NodeJS.Timeout | undefined
  let entering: Promise<void> | undefined

  /** Declares that this store holds work. The first callers wait for it. */
  function enter(): Promise<void> {
    entering ??= (async () => {
      await sign()
      // An error is not reported: the next operation has it too. Meanwhile others may take over, and do work twice.
      renewing = setInterval(() => void sign().catch(() => {}), lease / 4).unref()
    })()
    entering.catch(() => {
      entering = undefined // the next caller tries again
    })
    return entering
  }

  const sign = (): Promise<unknown> =>
    Promise.all([
      run(signOf(self), (client) => client.set(signOf(self), signs.open, { PX: lease })),
      run(holders, (client) => client.sAdd(holders, self)), // again, in case it was taken for gone
    ])

  const keep = (id: string, text: string): Promise<unknown> =>
    run(workOf(self), (client) => client.hSet(workOf(self), id, text))

  const forget = (holder: string, id: string): Promise<number> =>
    run(workOf(holder), (client) => client.hDel(workOf(holder), id))

  async function accept(id: string, ttl: number, work: string): Promise<boolean> {
    const claim = claimOf(id)
    const nonce = randomBytes(9).toString('base64url')
    await enter()
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

  async function recoverFrom(holder: string, begin: string, crashed: boolean): Promise<Work[]> {
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
      const crashes = work.crashes + (crashed && work.begun ? 1 : 0)
      const next = { ...work, attempt: work.attempt + 1, crashes, begun: false }
      await keep(work.id, textOf(next))
      if ((await forget(holder, work.id)) > 0) {
        held.set(work.id, next)
        taken.push(next)
      } else await forget(self, work.id) // another one was faster
    }
    if (wanted.length === works.length) {
      await run(holders, (client) => client.sRem(holders, holder))
      if (!crashed) await run(signOf(holder), (client) => client.unlink(signOf(holder)))
    }
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
      for (const holder of await run(holders, (client) => client.sMembers(holders))) {
        if (holder === self) continue
        const signed = await run(signOf(holder), (client) => client.get(signOf(holder)))
        if (signed === signs.open) continue
        await enter()
        taken.push(...(await recoverFrom(holder, begin, signed !== signs.closed)))
      }
      return taken
        .toSorted(byOrder)
        .map(({ id, attempt, crashes, work }): Recovered => ({ id, attempt, crashes, work }))
    },
    async leave() {
      clearInterval(renewing)
      if (!entering) return
      await Promise.all(
        held.size > 0
          ? [run(signOf(self), (client) => client.set(signOf(self), signs.closed, { PX: closedFor }))]
          : [
              run(signOf(self), (client) => client.unlink(signOf(self))),
              run(holders, (client) => client.sRem(holders, self)),
            ],
      )
    },
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
