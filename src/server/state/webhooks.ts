import type { EventName } from '../../api/events.ts'
import type { WebhookRecord } from './records.ts'
import { afterAll, everything, type Key, placeKey, type StateDatabase, table } from './table.ts'

/** Webhooks of descriptors, add-ons and users. */
export interface Webhooks {
  has(webhook: WebhookRecord): boolean
  /** At most `limit` webhooks of a room, or with null the group-wide ones. */
  of(roomId: number | null, limit?: number): WebhookRecord[]
  /**
   * At most `limit` webhooks that an event in a room triggers, including group-wide ones, oldest first, after an
   * id.
   */
  listening(event: EventName, roomId: number, range: { after: number; limit: number }): WebhookRecord[]
  /** At most `limit` webhooks of an installation or a user. */
  ownedBy(owner: WebhookRecord['owner'], limit?: number): WebhookRecord[]
  /** The webhook as it is now. */
  current(webhook: WebhookRecord): WebhookRecord | undefined
  /** Number of a room's webhooks created through the API; counts no further than `most`. */
  countMade(roomId: number, most: number): number
  put(webhook: WebhookRecord): void
  remove(webhook: WebhookRecord): void
  /** Removes the webhooks that were created with the tokens of a grant. */
  removeOfGrant(grant: string): void
  /** Builds the index of owners, for data of a server that had none. Call it inside a transaction. */
  completeIndex(): void
}

const webhookKey = ({ id, roomId, event }: WebhookRecord) => [placeKey(roomId), event, id]

/** Whether it was created through the API; descriptors have a limit of their own. */
const isMade = ({ declared }: WebhookRecord): boolean => !declared

/** Owner of a webhook, as the beginning of a key. */
const ownerKey = (owner: WebhookRecord['owner']): Key =>
  'oauthId' in owner ? ['client', owner.oauthId] : ['user', owner.userId]

/** Creates the webhooks in a database. */
export function createWebhooks(db: StateDatabase): Webhooks {
  const webhookTable = table<WebhookRecord>(db, 'webhook')
  const grantWebhooks = table<ReturnType<typeof webhookKey>>(db, 'grantWebhook') // by the grant they were made with
  const ownedWebhooks = table<true>(db, 'ownedWebhook') // by owner, and the key of the webhook
  const madeWebhooks = table<true>(db, 'madeWebhook') // by room; not those of descriptors

  const webhooks: Webhooks = {
    has: (webhook) => webhookTable.get(...webhookKey(webhook)) !== undefined,
    of(roomId, limit = everything) {
      const place = placeKey(roomId)
      const keys = webhookTable.keysFrom([place], { to: [place, afterAll], limit })
      return keys.flatMap((key) => webhookTable.get(...key) ?? [])
    },
    listening(event, roomId, { after, limit }) {
      const keys = [placeKey(null), roomId].flatMap((place) =>
        webhookTable.keysFrom([place, event, after + 1], { to: [place, event, afterAll], limit }),
      )
      return keys
        .sort((one, other) => Number(one.at(-1)) - Number(other.at(-1)))
        .slice(0, limit)
        .flatMap((key) => webhookTable.get(...key) ?? [])
    },
    ownedBy(owner, limit = everything) {
      const key = ownerKey(owner)
      return ownedWebhooks
        .keysFrom(key, { to: [...key, afterAll], limit })
        .flatMap(([, , ...at]) => webhookTable.get(...at) ?? [])
    },
    current: (webhook) => webhookTable.get(...webhookKey(webhook)),
    countMade: (roomId, most) => madeWebhooks.count([roomId], most),
    put(webhook) {
      webhookTable.put(webhookKey(webhook), webhook)
      indexWebhook(webhook)
      if (webhook.grant !== undefined) grantWebhooks.put([webhook.grant, webhook.id], webhookKey(webhook))
    },
    remove(webhook) {
      webhookTable.remove(...webhookKey(webhook))
      ownedWebhooks.remove(...ownerKey(webhook.owner), ...webhookKey(webhook))
      if (isMade(webhook)) madeWebhooks.remove(placeKey(webhook.roomId), webhook.id)
      if (webhook.grant !== undefined) grantWebhooks.remove(webhook.grant, webhook.id)
    },
    removeOfGrant(grant) {
      for (const key of grantWebhooks.all(grant)) {
        const webhook = webhookTable.get(...key)
        if (webhook) webhooks.remove(webhook)
      }
    },
    completeIndex() {
      if (ownedWebhooks.any()) return
      for (const webhook of webhookTable.all()) indexWebhook(webhook)
    },
  }

  function indexWebhook(webhook: WebhookRecord): void {
    ownedWebhooks.put([...ownerKey(webhook.owner), ...webhookKey(webhook)], true)
    if (isMade(webhook)) madeWebhooks.put([placeKey(webhook.roomId), webhook.id], true)
  }

  return webhooks
}
