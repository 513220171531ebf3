import { webhooksOf } from '../../api/descriptor.ts'
import { scopes } from '../../api/scopes.ts'
import { parseJson } from '../../common/http.ts'
import { nextTurn } from '../../common/next-turn.ts'
import type { DeliveryRecord } from '../addons/delivery-history.ts'
import { overlapWarnings } from '../addons/overlaps.ts'
import { findRoom, requireGroupAdmin, requireInstallRights } from '../auth/access.ts'
import { type Caller, person } from '../auth/callers.ts'
import { makerOf, requireEverything, requirePersonal } from '../auth/maker-rights.ts'
import { maySee } from '../auth/room-rights.ts'
import type { Context, Handler } from '../context.ts'
import { formatSeconds } from '../dates.ts'
import { notFound } from '../errors.ts'
import { fitting } from '../http/paging.ts'
import type { Clients } from '../state/clients.ts'
import type { ClientRecord } from '../state/records.ts'
import type { administration } from './routes.ts'
import { triggerEvent } from './trigger-event.ts'

// Shorter than proxies wait for an answer.
const longestWait = 30_000

type Table = typeof administration

/** Handlers of the {@link administration} table. */
export const administrationHandlers: { readonly [Id in keyof Table]: Handler<Table[Id]> } = {
  async listDeliveries({ limit = 50, ...filter }, caller, context) {
    requireGroupAdmin(caller)
    requireEverything('Looking at deliveries', caller)
    const found = context.delivery.records(filter).slice(-limit).reverse()
    return { items: await fitting(found, limit, (record) => shown(record, caller, context)) }
  },

  getDelivery({ id }, caller, context) {
    requireGroupAdmin(caller)
    requireEverything('Looking at deliveries', caller)
    const found = context.delivery.find(Number(id))
    if (!found) throw notFound('Delivery', id)
    return shown(found.record, caller, context)
  },

  async redeliver({ id }, caller, context) {
    requireGroupAdmin(caller)
    requireEverything('Repeating deliveries', caller)
    const found = context.delivery.find(Number(id))
    if (!found) throw notFound('Delivery', id)
    const record = await context.delivery.redeliver(found)
    return shown(record, caller.renew(), context)
  },

  async listInstallations({ after }, caller, { state, delivery }) {
    requireGroupAdmin(caller)
    const places = await placesInOrder(state.clients)
    const first = after === undefined ? 0 : places.findIndex((place) => isBehind(place, after))
    const rest = first < 0 ? [] : places.slice(first)
    const items = await fitting(presentClients(rest, state.clients), installationsPerPart, (client) =>
      shownInstallation(client, delivery),
    )
    const last = rest.find(({ oauthId }) => oauthId === items.at(-1)?.oauthId)
    return { items, next: last && last !== rest.at(-1) ? cursorOf(last) : null }
  },

  getInstallation({ oauthId }, caller, { state, delivery }) {
    requireGroupAdmin(caller)
    const client = state.clients.get(String(oauthId))
    if (!client) throw notFound('Installation', oauthId)
    return { ...shownInstallation(client, delivery), document: { ...client.descriptor } }
  },

  listCalls({ oauthId, limit = 100 }, caller, { calls }) {
    requireGroupAdmin(caller)
    requireEverything('Looking at the calls of add-ons', caller)
    return { items: calls.list({ limit, ...(oauthId === undefined ? {} : { oauthId }) }) }
  },

  getSecret({ oauthId }, caller, { state, log }) {
    requireGroupAdmin(caller)
    requireEverything('Looking at secrets', caller)
    const client = state.clients.get(String(oauthId))
    if (!client) throw notFound('Installation', oauthId)
    log.warn(
      { oauthId: client.oauthId, user: caller.user?.id ?? null },
      'the secret of an installation was shown',
    )
    return { oauthSecret: client.secret }
  },

  async trigger({ event, room_id, values = {} }, caller, context) {
    requireGroupAdmin(caller)
    requireEverything('Triggering events', caller)
    const { state, delivery } = context
    const room = room_id === undefined ? undefined : findRoom(state, room_id, caller)
    const { deliveries, waiting } = await delivery.follow(
      () => triggerEvent({ event, room, user: person(caller), values }, context),
      longestWait,
    )
    const now = caller.identify() // the call may have removed the room
    requireGroupAdmin(now)
    return { deliveries: deliveries.map((record) => shown(record, now, context)), waiting }
  },

  async proposeInstallation({ url, room_id }, caller, { installer, state }) {
    const room = room_id === undefined ? undefined : findRoom(state, room_id, caller)
    requirePersonal('Installing add-ons', caller)
    requireInstallRights(state, room, caller)
    const { document, existing } = await installer.propose({
      url,
      ...(room ? { room } : {}),
      by: makerOf(caller),
      authorize: () => void caller.renew(),
    })
    const asked = new Set(document.capabilities?.hipchatApiConsumer?.scopes)
    return {
      key: document.key,
      name: document.name,
      description: document.description,
      vendor: document.vendor?.name ?? null,
      host: new URL(url).host || new URL(url).protocol,
      scopes: [...asked].map((scope) => ({ ...scopes[scope], isNew: !existing?.scopes.includes(scope) })),
      update: existing !== undefined,
      warnings: overlapWarnings(document, room, caller, state),
    }
  },
}

const installationsPerPart = 1_000
const installationsPerTurn = 10 // a descriptor may have a quarter of a megabyte

/** Position of an installation in the list of all, which is ordered by creation. */
type PlaceInList = Pick<ClientRecord, 'oauthId' | 'created'>

const cursorOf = ({ created, oauthId }: PlaceInList): string => `${created}.${oauthId}`

function isBehind(place: PlaceInList, cursor: string): boolean {
  const dot = cursor.indexOf('.')
  return inOrder(place, { created: Number(cursor.slice(0, dot)), oauthId: cursor.slice(dot + 1) }) > 0
}

const inOrder = (one: PlaceInList, other: PlaceInList): number =>
  one.created - other.created || (one.oauthId < other.oauthId ? -1 : Number(one.oauthId > other.oauthId))

async function placesInOrder(clients: Clients): Promise<PlaceInList[]> {
  const places: PlaceInList[] = []
  for (let after: string | undefined; ; ) {
    const part = clients.from(after, installationsPerTurn)
    places.push(...part.map(({ oauthId, created }) => ({ oauthId, created })))
    if (part.length < installationsPerTurn) return places.sort(inOrder)
    after = part.at(-1)?.oauthId
    await nextTurn()
  }
}

/** Skips those that were removed since the list was made. */
function* presentClients(places: readonly PlaceInList[], clients: Clients): Generator<ClientRecord> {
  for (const { oauthId } of places) {
    const client = clients.get(oauthId)
    if (client) yield client
  }
}

function shownInstallation(client: ClientRecord, delivery: Context['delivery']) {
  const { oauthId, key, name, roomId, status, descriptor, created } = client
  const last = delivery.records({ oauthId }).at(-1)
  return {
    oauthId,
    key,
    name,
    roomId,
    status,
    scopes: [...client.scopes],
    descriptor: descriptor.links.self,
    created: formatSeconds(created),
    webhooks: webhooksOf(descriptor).length,
    lastDelivery: last ? { id: last.id, at: last.at.toISOString(), error: last.error ?? null } : null,
  }
}

/**
 * A delivery as an administrator may see it, without what was said in rooms that are hidden from them. Of a deleted
 * room only its privacy is known.
 */
function shown(
  record: DeliveryRecord,
  caller: Caller,
  { state, delivery }: Pick<Context, 'state' | 'delivery'>,
) {
  const { status, error, oauthId, redeliveryOf, request, response, at, replyId: _, ...rest } = record
  const room = state.rooms.get(record.roomId)
  const open = room ? maySee(room, caller) : delivery.find(record.id)?.source.room.privacy === 'public'
  const body = request && parseJson(request.body)
  return {
    ...rest,
    at: at.toISOString(),
    oauthId: oauthId ?? null,
    status: status ?? null,
    error: error ?? null,
    redeliveryOf: redeliveryOf ?? null,
    request:
      open && request
        ? {
            headers: { ...request.headers },
            claims: request.claims ? { ...request.claims } : null,
            body: typeof body === 'object' && body !== null ? { ...body } : request.body,
          }
        : null,
    response: open && response ? { headers: { ...response.headers }, body: response.body } : null,
  }
}
