import { defaultAuthentication } from '../../api/webhook.ts'
import { randomText } from '../../common/random.ts'
import {
  checkCount,
  checkWebhook,
  ownWebhooks,
  requireDynamic,
  webhookRecord,
} from '../addons/webhook-rules.ts'
import { findRunRoom } from '../auth/access.ts'
import type { Caller } from '../auth/callers.ts'
import { requireForWebhook } from '../auth/maker-rights.ts'
import type { Context, Handlers } from '../context.ts'
import { nowMicros } from '../dates.ts'
import { badRequest, forbidden, notFound } from '../errors.ts'
import { page } from '../http/paging.ts'
import type { RoomRecord, WebhookRecord } from '../state/records.ts'

type WebhookOperation = 'getAllRoomWebhooks' | 'createRoomWebhook' | 'getRoomWebhook' | 'deleteRoomWebhook'

export const webhookHandlers: Pick<Handlers, WebhookOperation> = {
  getAllRoomWebhooks(parameters, caller, { state, present }) {
    const room = findRunRoom(state, parameters.id_or_name, caller)
    const webhooks = ownWebhooks(state, room, caller)
    return page(webhooks, parameters, caller.url, (webhook) => present.webhook(webhook, room))
  },

  async createRoomWebhook(parameters, caller, context) {
    const { state, present, outbound } = context
    const room = findRunRoom(state, parameters.id_or_name, caller)
    requireForWebhook(parameters.event, caller)
    checkWebhook(parameters, outbound)
    const authentication = authenticationOf(parameters.authentication, caller)
    const webhook = await state.write(() => {
      if (!state.rooms.get(room.id)) throw notFound('Room', room.name)
      checkCount(state, room, caller)
      const created = webhookRecord(parameters, {
        id: state.next('webhook'),
        ...ownerOf(caller),
        roomId: room.id,
        key: parameters.key ?? randomText(20),
        authentication,
        created: nowMicros(),
      })
      state.webhooks.put(created)
      return created
    })
    return present.webhook(webhook, room)
  },

  /** Contains more than a list entry: the room, and the creator if that was a person. */
  getRoomWebhook(parameters, caller, context) {
    const { state, present } = context
    const room = findRunRoom(state, parameters.id_or_name, caller)
    const webhook = findWebhook(room, parameters.webhook_id, caller, context)
    const creator = 'userId' in webhook.owner ? state.people.get(webhook.owner.userId) : undefined
    return {
      ...present.webhook(webhook, room),
      room: present.roomReference(room),
      creator: creator ? present.userReference(creator) : null,
    }
  },

  async deleteRoomWebhook(parameters, caller, context) {
    const room = findRunRoom(context.state, parameters.id_or_name, caller)
    const webhook = findWebhook(room, parameters.webhook_id, caller, context)
    requireDynamic(webhook)
    if (webhook.roomId === null)
      throw forbidden('This webhook is for all rooms: delete it by its key, at /extension/webhook')
    await context.state.write(() => context.state.webhooks.remove(webhook))
    return undefined
  },
}

/** An add-on's deliveries are signed with its secret; a user has no secret to sign with. */
function authenticationOf(wanted: 'none' | 'jwt' | undefined, { client }: Caller): 'none' | 'jwt' {
  if (client) return wanted ?? defaultAuthentication
  if (wanted === 'jwt')
    throw badRequest(
      "authentication must be none: deliveries to a user's webhook have no secret to sign with",
      'authentication',
    )
  return 'none'
}

/** The owner of a webhook; for a user's, also the grant that it ends with. */
function ownerOf({ client, user, grant }: Caller): Pick<WebhookRecord, 'owner' | 'grant'> {
  if (client) return { owner: { oauthId: client.oauthId } }
  if (user) return { owner: { userId: user.id }, ...(grant === undefined ? {} : { grant }) }
  throw forbidden('Only add-ons and users can have webhooks')
}

function findWebhook(
  room: RoomRecord,
  id: string | number,
  caller: Caller,
  { state }: Context,
): WebhookRecord {
  const webhook = ownWebhooks(state, room, caller).find((own) => String(own.id) === String(id))
  if (!webhook) throw notFound('Webhook', id)
  return webhook
}
