import type { IncomingMessage } from 'node:http'
import type { EventName } from '../api/events.ts'
import { BodyRefusedError } from '../common/body.ts'
import { SignedRequestError, StoreError } from '../errors.ts'
import type { DeliveryActivity, DeliveryOutcome, DeliveryResult, Observer } from './observer.ts'

/** Runs a delivery, observed if there is an observer. */
export function observeDelivery<T extends DeliveryOutcome>(
  observer: Observer | undefined,
  webhook: { readonly key: string; readonly event: EventName } | undefined,
  request: IncomingMessage,
  deliver: () => Promise<T>,
): Promise<T> {
  if (!observer) return deliver()
  const activity: DeliveryActivity = {
    kind: 'delivery',
    event: webhook?.event,
    webhook: webhook?.key,
    headers: request.headers,
    outcome: undefined,
  }
  return observer.during(activity, async () => {
    const answer = await deliver()
    activity.outcome = answer
    return answer
  })
}

/** Reports the result of an acknowledged delivery when its handler ends. */
export function noteLate(
  event: EventName,
  answered: Promise<DeliveryOutcome>,
  observer: Observer | undefined,
): void {
  if (!observer) return
  const note = (result: DeliveryResult) => observer.happened({ kind: 'late delivery', event, result })
  answered.then(
    ({ result }) => result !== 'acknowledged' && note(result),
    (error: unknown) => note(resultOf(error)),
  )
}

/** The result of a delivery that ended with this error. */
export function resultOf(error: unknown): DeliveryResult {
  if (error instanceof SignedRequestError) return 'refused'
  if (error instanceof BodyRefusedError) return 'unreadable'
  if (error instanceof StoreError) return 'store_failed'
  return 'error'
}
