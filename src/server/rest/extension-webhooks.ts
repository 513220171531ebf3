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
import { addon, type Caller } from '../auth/callers.ts'
import { requireForWebhook } from '../auth/maker-rights.ts'
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
  getRoomExtensionWebhook({ id_or_name, key }, caller, { state, present }) {
    const room = findRoom(state, id_or_name, caller)
    return present.webhook(findWebhook(room, key, caller, state), room)
  },

  async createRoomExtensionWebhook(parameters, caller, context) {
    const room = findRoom(context.state, parameters.id_or_name, caller)
    const webhook = await putWebhook(room, parameters, caller, context)
    return context.present.webhook(webhook, room)
  },

  async deleteRoomExtensionWebhook({ id_or_name, key }, caller, { state }) {
    await removeWebhook(findRoom(state, id_or_name, caller), key, caller, state)
    return undefined
  },

  getGlobalWebhook: ({ key }, caller, { state, present }) =>
    present.webhook(findWebhook(undefined, key, caller, state)),

  async createGlobalWebhook(parameters, caller, context) {
    await putWebhook(undefined, parameters, caller, context)
    return undefined
  },

  async deleteGlobalWebhook({ key }, caller, { state }) {
    await removeWebhook(undefined, key, caller, state)
    return undefined
  },
}

/** Replaces the webhooks with the same key, and takes over the first one's id. The old POST allowed several per key. */
async function putWebhook(
  room: RoomRecord | undefined,
  request: Request,
  caller: Caller,
  { state, outbound }: Context,
): Promise<WebhookRecord> {
  const { oauthId } = addon(caller)
  requireForWebhook(request.event, caller)
  checkWebhook(request, outbound)
  const key = String(request.key)
  return state.write(() => {
    if (room && !state.rooms.get(room.id)) throw notFound('Room', room.name)
    const same = webhooksOf(room, key, caller, state)
    same.forEach(requireDynamic)
    if (same.length === 0) checkCount(state, room, caller)
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
  caller: Caller,
  state: State,
): Promise<void> {
  await state.write(() => {
    findWebhook(room, key, caller, state)
    const same = webhooksOf(room, key, caller, state)
    same.forEach(requireDynamic)
    for (const webhook of same) state.webhooks.remove(webhook)
  })
}

function findWebhook(
  room: RoomRecord | undefined,
  key: string | number,
  caller: Caller,
  state: State,
): WebhookRecord {
  const [webhook] = webhooksOf(room, key, caller, state)
  if (!webhook) throw notFound('Webhook', key)
  return webhook
}

/** The webhooks with a key in a place. A key of the descriptor stands for its webhook in every room. */
const webhooksOf = (
  room: RoomRecord | undefined,
  key: string | number,
  caller: Caller,
  state: State,
): WebhookRecord[] =>
  ownWebhooks(state, room, caller).filter(
    (webhook) => webhook.key === String(key) && (webhook.declared || webhook.roomId === (room?.id ?? null)),
  )
