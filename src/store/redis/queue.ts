import { checkName, checkQueued } from '../limits.ts'
import type { ListedWork, Queue, QueuedWork, WorkState } from '../store.ts'
import type { Holders } from './holders.ts'
import { queueKeys, queueScripts } from './queue-scripts.ts'
import type { Script } from './script.ts'

/** Runs a script, and rejects as the commands of its kind do. */
export type RunScript = (
  script: Script,
  keys: readonly string[],
  arguments_: readonly string[],
) => Promise<unknown>

/** What the queue of a Redis store works with. */
export interface RedisQueueParts {
  /** The store's name, for messages. */
  readonly store: string
  /** Rejects with a `StoreError`. */
  readonly run: RunScript
  /** The prefix of all keys of the store. */
  readonly prefix: string
  readonly holders: Holders
  /** Milliseconds between two looks for work whose taker is gone. */
  readonly lookEvery: number
}

/** A queue of a Redis store. */
export interface RedisQueue extends Queue {
  /** Gives back all that this store has taken. It gets its own `run`, since the store is closed for callers. */
  leave(run: RunScript): Promise<void>
}

/** What one answer has at most; it ends with the work that exceeds the bytes. */
const answerLimits = { works: 1000, bytes: 4 * 1024 * 1024 }
const pageSize = 100
/** The most works that one script removes, since Redis does nothing else meanwhile. */
const removedAtOnce = 250

/** A work in an answer: its id, all about it in JSON, and the work itself. */
type Answered = readonly [id: string, about: string, work: string]

/** All about a work, as the scripts have it. */
interface About extends Pick<ListedWork, 'group' | 'attempt' | 'crashes' | 'state'> {
  readonly due: string
}

/**
 * Creates a queue. Each operation is one script, so that it is atomic. A script of a cluster reaches one slot only, and both the
 * ids of a queue and the limit of a group are exact, so all keys of a queue are in one slot: queues are spread over a
 * cluster, and the work of one queue is not. While its slot moves to another server, Redis refuses the scripts.
 *
 * Running work carries the name of its store and the number of the call of `take`. If the answer to that call is lost, or
 * its command is done late, nobody has the number in hand, and the store itself puts back the work that it never got. The work
 * of other stores is put back when they are gone. Both are looked for a few times per lease, so a `take` is one script.
 */
export function createRedisQueue(name: string, parts: RedisQueueParts): RedisQueue {
  const { store, run, holders, lookEvery } = parts
  const keys = keysOf(parts.prefix, name)
  /** The takers of what this store has taken, by id. */
  const inHand = new Map<string, string>()
  /** The takers whose answers have not arrived. */
  const taking = new Set<string>()
  let calls = 0
  let looked = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | undefined

  const ask = (script: Script, ...arguments_: string[]): Promise<unknown> => run(script, keys, arguments_)

  const giveBack = (takers: string, crashes: number, attempts: number): Promise<unknown> =>
    ask(queueScripts.giveBack, `${takers}:`, String(crashes), String(attempts))

  /** Puts back work whose taker is gone, and work that was taken for this store and never reached it. */
  async function look(): Promise<void> {
    const takers = (await ask(queueScripts.takers)) as string[] // as the script answers
    const own = new Set([...taking, ...inHand.values()])
    const others = new Set<string>()
    for (const taker of takers) {
      const [holder = ''] = taker.split(':')
      if (holder !== holders.self) others.add(holder)
      else if (!own.has(taker)) await giveBack(taker, 0, 1)
    }
    const states = await Promise.all(
      [...others].map(async (holder) => ({ holder, state: await holders.stateOf(holder) })),
    )
    for (const { holder, state } of states) {
      if (state === 'closed') await giveBack(holder, 0, 0)
      if (state === 'crashed' && holders.isSettled()) await giveBack(holder, 1, 0)
    }
  }

  async function lookSometimes(): Promise<void> {
    if (!looking && performance.now() - looked < lookEvery) return
    looked = performance.now()
    looking ??= look().finally(() => {
      looking = undefined
    })
    await looking
  }

  async function take(before: string, count: number): Promise<QueuedWork[]> {
    const taker = `${holders.self}:${calls++}`
    taking.add(taker)
    try {
      const limits = [String(answerLimits.bytes), String(removedAtOnce)]
      const answer = await ask(queueScripts.take, before, String(count), taker, ...limits)
      const works = worksIn(answer)
      for (const { id } of works) inHand.set(id, taker)
      return works.map(({ state: _, ...work }) => work)
    } catch (error) {
      looked = Number.NEGATIVE_INFINITY // it may have been done
      throw error
    } finally {
      taking.delete(taker)
    }
  }

  /** Runs a script that ends the hold of this store on work. Returns whether it had it. */
  async function end(script: Script, id: string, ...more: string[]): Promise<boolean> {
    const taker = inHand.get(id) ?? ''
    const isDone = (await ask(script, id, ...more, taker)) === 1
    if (inHand.get(id) === taker) inHand.delete(id) // it may have been taken again meanwhile
    return isDone
  }

  return {
    async add(work, { limit, state = 'waiting', replace = false }) {
      checkQueued(store, work)
      const answer = await ask(
        queueScripts.add,
        work.id,
        aboutOf(work, state),
        work.work,
        String(limit),
        replace ? '1' : '0',
      )
      return answer as 'added' | 'exists' | 'full' // as the script answers
    },
    async take(now, count) {
      await holders.enter()
      await lookSometimes()
      const before = Math.min(Math.floor(now), Number.MAX_SAFE_INTEGER) + 1
      return take(timeText(before), Math.min(count, answerLimits.works))
    },
    async putBack(work, state = 'waiting') {
      checkQueued(store, work)
      return end(queueScripts.putBack, work.id, aboutOf(work, state), work.work)
    },
    async finish(id) {
      checkName(store, 'id', id)
      return end(queueScripts.finish, id)
    },
    async cancel(id) {
      checkName(store, 'id', id)
      return (await ask(queueScripts.cancel, id)) === 1
    },
    async removeGroup(group) {
      checkName(store, 'group', group)
      while ((await ask(queueScripts.removeGroup, group, String(removedAtOnce))) === removedAtOnce);
    },
    async get(id) {
      checkName(store, 'id', id)
      const answer = await ask(queueScripts.get, id)
      return answer === null ? undefined : workIn(answer as Answered) // as the script answers
    },
    async *list(state) {
      for (let start = '-'; ; ) {
        const limits = [String(pageSize), String(answerLimits.bytes)]
        const page = worksIn(await ask(queueScripts.list, state, start, ...limits))
        const last = page.at(-1)
        if (!last) return
        start = `(${timeText(last.due)}${last.id}`
        yield* page
      }
    },
    async counts() {
      const [waiting, running, givenUp, next] = (await ask(queueScripts.counts)) as CountsAnswer // as the script answers
      return {
        states: { waiting, running, 'given up': givenUp },
        next: next === undefined ? undefined : Number(next),
      }
    },
    async leave(lastRun) {
      if (calls > 0) await lastRun(queueScripts.giveBack, keys, [`${holders.self}:`, '0', '0'])
    },
  }
}

type CountsAnswer = readonly [waiting: number, running: number, givenUp: number, next?: string]

/** The keys of a queue. What is in braces decides the slot, so it has no braces itself. */
function keysOf(prefix: string, name: string): string[] {
  const tag = prefix.replace(/[%{}]/g, encodeURIComponent) + encodeURIComponent(name)
  return queueKeys.map((key) => `queue:{${tag}}:${key}`)
}

/** A time as the scripts have it: in this form the order of texts is that of times. */
const timeText = (time: number): string => String(time).padStart(16, '0')

function aboutOf({ group, due, attempt, crashes }: QueuedWork, state: WorkState): string {
  const about: About = { group, due: timeText(due), attempt, crashes, state }
  return JSON.stringify(about)
}

function workIn([id, about, work]: Answered): ListedWork {
  const { group, due, attempt, crashes, state } = JSON.parse(about) as About // written by `aboutOf` and the scripts
  return { id, group, due: Number(due), attempt, crashes, work, state }
}

const worksIn = (answer: unknown): ListedWork[] => (answer as Answered[]).map(workIn) // as the scripts answer
