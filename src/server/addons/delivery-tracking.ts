import { AsyncLocalStorage } from 'node:async_hooks'
import type { DeliveryRecord } from './delivery-history.ts'

/** What came of something, as far as it came in the time given. */
export interface Followed {
  readonly deliveries: readonly DeliveryRecord[]
  /** Deliveries that wait or run still. */
  readonly waiting: number
}

/**
 * Follows what somebody does to the deliveries it leads to, and on from the answers among them that are posted. Others
 * that are made at the same time are told apart. What an add-on does by calls of its own is not followed.
 */
export interface DeliveryTracking {
  follow(work: () => Promise<unknown>, milliseconds: number): Promise<Followed>
  /** A delivery is waiting; call what is given when it is over, made or not. */
  begin(): () => void
  note(delivery: DeliveryRecord): void
}

interface Trail {
  readonly deliveries: DeliveryRecord[]
  waiting: number
  over: () => void
}

export function createDeliveryTracking(): DeliveryTracking {
  // Costs nothing before somebody follows something: the chat goes on as it did.
  const tracking = new AsyncLocalStorage<Trail>()
  return {
    async follow(work, milliseconds) {
      const trail: Trail = { deliveries: [], waiting: 0, over: () => {} }
      await tracking.run(trail, work)
      let timer: NodeJS.Timeout | undefined
      if (trail.waiting > 0)
        await new Promise<void>((resolve) => {
          trail.over = resolve
          timer = setTimeout(resolve, milliseconds)
        })
      clearTimeout(timer)
      return { deliveries: [...trail.deliveries], waiting: trail.waiting }
    },
    begin() {
      const trail = tracking.getStore()
      if (!trail) return () => {}
      trail.waiting += 1
      return () => {
        trail.waiting -= 1
        if (trail.waiting === 0) trail.over()
      }
    },
    note: (delivery) => void tracking.getStore()?.deliveries.push(delivery),
  }
}
