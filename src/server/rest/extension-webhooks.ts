import type { Parameters } from '../../api/operation.ts'
import type { Operations } from '../../api/operations/index.ts'
import {
  checkCount,
  checkWebhook,
  ownWebhooks,
  requireDynamic,
  webhookRecord,
} from '../addons/webhook-rules.ts'
import { findRoom } from '../auth/access.ts'
import { addon, type Session } from '../auth/callers.ts'
import { requireForWebhook } from '../auth/delegation.ts'
import type { Context, Handlers } from '../context.ts'
import { nowMicros } from '../dates.ts'
import { notFound } from '../errors.ts'
import type { RoomRecord, WebhookRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'

type ExtensionWebhookOperation =
  | 'getRoomExtensionWebhook'
  | 'createRoomExtensionWebhook'
  | 'deleteRoomExtensionWebhook'
  | 'getGlobalWebhook'
  | 'createGlobalWebhook'
  | 'deleteGlobalWebhook'

type Request = Parameters<Operations['createGlobalWebhook']>

export const extensionWebhookHandlers: Pick<Handlers, ExtensionWebhookOperation> = {
  getRoomExtensionWebhook({ id_or_name, key }, session, { state, present }) {
    const room = findRoom(state, id_or_name, session)
    return present.webhook(findWebhook(room, key, session, state), room)
  },

  async createRoomExtensionWebhook(parameters, session, context) {
    const room = findRoom(context.state, parameters.id_or_name, session)
    const webhook = await putWebhook(room, parameters, session, context)
    return context.present.webhook(webhook, room)
  },

  async deleteRoomExtensionWebhook({ id_or_name, key }, session, { state }) {
    await removeWebhook(findRoom(state, id_or_name, session), key, session, state)
    return undefined
  },

  getGlobalWebhook: ({ key }, session, { state, present }) =>
    present.webhook(findWebhook(undefined, key, session, state)),

  async createGlobalWebhook(parameters, session, context) {
    await putWebhook(undefined, parameters, session, context)
    return undefined
  },

  async deleteGlobalWebhook({ key }, session, { state }) {
    await removeWebhook(undefined, key, session, state)
    return undefined
  },
}

/** Replaces the webhooks with the same key, and takes over the first one's id. The old POST allowed several per key. */
async function putWebhook(
  room: RoomRecord | undefined,
  request: Request,
  session: Session,
  { state, outbound }: Context,
): Promise<WebhookRecord> {
  const { oauthId } = addon(session)
  requireForWebhook(request.event, session)
  checkWebhook(request, outbound)
  const key = String(request.key)
  return state.write(() => {
    if (room && !state.rooms.get(room.id)) throw notFound('Room', room.name)
    const same = webhooksOf(room, key, session, state)
    same.forEach(requireDynamic)
    if (same.length === 0) checkCount(state, room, session)
    const webhook = webhookRecord(request, {
      id: same[0]?.id ?? state.next('webhook'),
      owner: { oauthId },
      roomId: room?.id ?? null,
      key,
      authentication: request.authentication ?? 'none',
      created: same[0]?.created ?? nowMicros(),
    })
    for (const old of same) state.webhooks.remove(old)
    state.webhooks.put(webhook)
    return webhook
  })
}

async function removeWebhook(
  room: RoomRecord | undefined,
  key: string | number,
  session: Session,
  state: State,
): Promise<void> {
  await state.write(() => {
    findWebhook(room, key, session, state)
    const same = webhooksOf(room, key, session, state)
    same.forEach(requireDynamic)
    for (const webhook of same) state.webhooks.remove(webhook)
  })
}

function findWebhook(
  room: RoomRecord | undefined,
  key: string | number,
  session: Session,
  state: State,
): WebhookRecord {
  const [webhook] = webhooksOf(room, key, session, state)
  if (!webhook) throw notFound('Webhook', key)
  return webhook
}

/** The webhooks with a key in a place. A key of the descriptor stands for its webhook in every room. */
const webhooksOf = (
  room: RoomRecord | undefined,
  key: string | number,
  session: Session,
  state: State,
): WebhookRecord[] =>
  ownWebhooks(state, room, session).filter(
    (webhook) => webhook.key === String(key) && (webhook.declared || webhook.roomId === (room?.id ?? null)),
  )
