import type { Link } from '../chat/chat-event.ts'

/**
 * Chains of events: somebody says something, add-ons answer, and others answer these. Add-ons that answer each other would go on
 * for ever, and every one more multiplies it; so a chain ends in depth and in number. Answers are what an add-on gives to a
 * delivery, and what it does in the same room by calls of its own while it is told of something, or soon after.
 */
export interface AnswerChains {
  /** Of something that nothing is known to have led to. */
  begin(): Link
  /** The link for an answer to a delivery; a text that says why there is none when the chain has ended. */
  answer(to: Link): Link | string
  /**
   * The same for a call that somebody made who was told of a link. It may be no answer to that at all, so that it only counts: what
   * posts regularly would be taken for somebody who talks to itself.
   */
  call(after: Link): Link | string
  /** Somebody is told of a link in a room. Call the returned function when they have answered. */
  tell(who: string, roomId: number, link: Link): () => void
  /** What somebody's own call in a room may be an answer to: what they were told there last. */
  toldOf(who: string, roomId: number): Link | undefined
  clear(): void
}

const deepest = 10
const most = 100

/** Milliseconds after a delivery was answered in which the add-on's own calls count as answers to it, too. */
const afterwards = 3_000

const fewest = 1_000

export function createAnswerChains(): AnswerChains {
  const told = new Map<string, { link: Link; until: number }>()
  let sweepAt = fewest
  const key = (who: string, roomId: number) => `${roomId} ${who}`

  /** Waits until there are twice as many as were left. */
  function sweep(): void {
    if (told.size < sweepAt) return
    const now = Date.now()
    for (const [name, { until }] of told) if (until <= now) told.delete(name)
    sweepAt = Math.max(fewest, 2 * told.size)
  }

  function count({ chain }: Link, depth: number): Link | string {
    if (depth > deepest) return `add-ons answered each other ${deepest} times, one after the other`
    if (chain.answers >= most) return `one event led to ${most} answers of add-ons`
    chain.answers += 1
    return { depth, chain }
  }

  return {
    begin: () => ({ depth: 0, chain: { answers: 0 } }),
    answer: (to) => count(to, to.depth + 1),
    call: (after) => count(after, after.depth),
    tell(who, roomId, link) {
      sweep()
      const entry = { link, until: Number.POSITIVE_INFINITY }
      told.set(key(who, roomId), entry)
      return () => {
        entry.until = Date.now() + afterwards
      }
    },
    toldOf(who, roomId) {
      const entry = told.get(key(who, roomId))
      return entry && entry.until > Date.now() ? entry.link : undefined
    },
    clear: () => told.clear(),
  }
}
