import { AsyncLocalStorage } from 'node:async_hooks'
import { resultWithin } from '../../common/time-limit.ts'
import type { DeliveryRecord } from './delivery-history.ts'

/** What an action caused, as far as it was known within the given time. */
export interface Followed {
  readonly deliveries: readonly DeliveryRecord[]
  /** Number of deliveries that are still waiting or running. */
  readonly waiting: number
}

/**
 * Follows an action to the deliveries it causes, and on through those of their answers that are posted. Deliveries
 * that other actions cause at the same time are not included. What an add-on does with its own API calls is not
 * followed.
 */
export interface DeliveryTracking {
  follow(work: () => Promise<unknown>, milliseconds: number): Promise<Followed>
  /** Records a waiting delivery. Call the returned function when it is over, whether or not it was made. */
  begin(): () => void
  note(delivery: DeliveryRecord): void
}

interface Trail {
  readonly deliveries: DeliveryRecord[]
  waiting: number
  over: () => void
}

export function createDeliveryTracking(): DeliveryTracking {
  // Costs nothing until an action is followed.
  const tracking = new AsyncLocalStorage<Trail>()
  return {
    async follow(work, milliseconds) {
      const trail: Trail = { deliveries: [], waiting: 0, over: () => {} }
      await tracking.run(trail, work)
      if (trail.waiting > 0)
        await resultWithin(
          milliseconds,
          new Promise<void>((resolve) => {
            trail.over = resolve
          }),
        )
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
