import { webhooksOf } from '../../api/descriptor.ts'
import { events } from '../../api/events.ts'
import { approvedBy, mayLearn } from '../auth/maker-rights.ts'
import { nowMicros } from '../dates.ts'
import type { ClientRecord, WebhookRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'

/** Creates the webhooks of an installation's descriptor, inside a transaction. */
export function addDeclaredWebhooks(state: State, client: ClientRecord): void {
  for (const webhook of webhooksOf(client.descriptor)) {
    const id = state.next('webhook')
    state.webhooks.put({
      id,
      owner: { oauthId: client.oauthId },
      roomId: client.roomId,
      event: webhook.event,
      url: webhook.url,
      pattern: events[webhook.event].pattern ? (webhook.pattern ?? null) : null,
      name: webhook.name ?? null,
      key: webhook.key ?? String(id),
      authentication: webhook.authentication ?? 'none', // the default of HipChat's descriptor schema
      declared: true,
      created: nowMicros(),
    })
  }
}

/** Replaces the webhooks of an installation after an update of its descriptor, inside a transaction. */
export function replaceDeclaredWebhooks(state: State, client: ClientRecord): void {
  for (const webhook of state.webhooks.ownedBy({ oauthId: client.oauthId }))
    if (endsWithUpdate(webhook, client)) state.webhooks.remove(webhook)
  addDeclaredWebhooks(state, client)
}

/**
 * Whether an update removes a webhook: those that the old descriptor declared, and those created through the API
 * that the add-on could no longer create.
 */
function endsWithUpdate({ declared, roomId, event }: WebhookRecord, client: ClientRecord): boolean {
  if (declared) return true
  const needed = roomId === null ? 'admin_group' : 'admin_room'
  return !client.scopes.includes(needed) || !mayLearn(event, approvedBy(client))
}
