import type { Installation } from '../../installations/installation.ts'
import type { Delivery } from './delivery.ts'

/** What the journal keeps of a delivery, in addition to its body. */
export interface DeliveryRecord {
  readonly id: string
  readonly oauthId: string
  readonly webhook: string
  /** When it was accepted, in milliseconds since 1970. */
  readonly accepted: number
}

/** Prefix of the ids of deliveries in the journal. */
export const recordPrefix = 'jti:'

/** The id of a delivery in the store: as a claim, and in the journal. */
export const recordIdOf = ({ oauthId }: Installation, { id }: Pick<Delivery, 'id'>): string =>
  `${recordPrefix}${encodeURIComponent(oauthId)}:${id}`

/** A delivery as the journal keeps it: a line about it, and its body as it arrived. */
export function recordOf({ id, credentials, webhook, text }: Delivery): string {
  const { oauthId } = credentials.installation
  const record: DeliveryRecord = { id, oauthId, webhook: webhook.key, accepted: Date.now() }
  return `${JSON.stringify(record)}\n${text}`
}

/** Reads what {@link recordOf} wrote. */
export function readRecord(work: string): { readonly record: DeliveryRecord; readonly text: string } {
  const end = work.indexOf('\n')
  const record = JSON.parse(work.slice(0, end)) as DeliveryRecord // written above
  return { record, text: work.slice(end + 1) }
}
