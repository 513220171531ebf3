import { deliveryBody } from '../../api/events.ts'
import { read } from '../../common/tolerant-reading.ts'
import type { Installations } from '../../installations/installation-records.ts'
import type { Delivery, Webhook } from './delivery.ts'
import { matchOf } from './delivery-checks.ts'

/** A delivery as it was kept. */
export interface KeptDelivery {
  readonly id: string
  readonly oauthId: string
  /** Key of the webhook. */
  readonly webhook: string
  /** The body as it arrived. */
  readonly text: string
  readonly attempt: number
}

/** Reads a delivery that was kept. Resolves with why there is nothing to handle any more, if there is not. */
export type DeliveryReader = (kept: KeptDelivery) => Promise<Delivery | string>

/** Creates the function that reads kept deliveries. */
export function createDeliveryReader(parts: {
  readonly webhooks: ReadonlyMap<string, Webhook>
  readonly installations: Installations
}): DeliveryReader {
  return async ({ id, oauthId, webhook: key, text, attempt }) => {
    const credentials = await parts.installations.get(oauthId)
    if (!credentials) return 'its installation was removed'
    const webhook = parts.webhooks.get(key)
    if (!webhook) return 'nothing is registered under its webhook any more'
    const parsed = read(deliveryBody(webhook.event), JSON.parse(text))
    const match = parsed.ok ? matchOf(webhook, parsed.value) : null
    if (!parsed.ok || match === null) return 'its webhook does not handle it any more'
    return {
      id,
      credentials,
      webhook,
      body: parsed.value,
      text,
      match,
      lifetime: 0,
      attempt,
      acknowledged: true,
    }
  }
}
