import type { Link } from '../chat/chat-event.ts'

/**
 * Chains of events: a person says something, add-ons answer, and other add-ons answer them. Add-ons that answer
 * each other would go on forever, and each further one multiplies the messages, so a chain is limited in depth and
 * in number. An answer is what an add-on returns to a delivery, and what it does in the same room with its own API
 * calls during the delivery or soon after.
 */
export interface AnswerChains {
  /** The first link of a new chain, for an event with no known cause. */
  begin(): Link
  /** The link of an answer to a delivery, or the reason as a string when the chain has ended. */
  answer(to: Link): Link | string
  /**
   * The same for an API call by an owner of webhooks that was notified of a link. The call may have nothing to do
   * with the link, so it only counts towards the number of answers: an add-on that posts regularly would look as if
   * it answered itself.
   */
  call(after: Link): Link | string
  /** Records that an owner is notified of a link in a room. Call the returned function when it has answered. */
  tell(who: string, roomId: number, link: Link): () => void
  /** The link that an owner's own call in a room may be an answer to: the last one it was notified of there. */
  toldOf(who: string, roomId: number): Link | undefined
  clear(): void
}

const deepest = 10
const most = 100

/** Milliseconds after the end of a delivery in which the add-on's own calls still count as answers to it. */
const afterwards = 3_000

const fewest = 1_000

export function createAnswerChains(): AnswerChains {
  const told = new Map<string, { link: Link; until: number }>()
  let sweepAt = fewest
  const key = (who: string, roomId: number) => `${roomId} ${who}`

  /** Waits until there are twice as many entries as the last sweep left. */
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
