import type { KeptGlanceUpdates } from './glance-updates.ts'
import type { OneTime } from './one-time.ts'
import type { ClientRecord, CodeRecord, InstallableRecord } from './records.ts'
import { placeKey, type StateDatabase, table } from './table.ts'
import type { Tokens } from './tokens.ts'
import type { Webhooks } from './webhooks.ts'

/** Installations, which are OAuth clients. An add-on is installed once per place, which is a room or the group. */
export interface Clients {
  get(oauthId: string): ClientRecord | undefined
  all(): ClientRecord[]
  /** At most `limit` clients ordered by OAuth id, after a given one. */
  from(after: string | undefined, limit: number): ClientRecord[]
  /** OAuth ids in order: of a room, or with null of the whole group; unconfirmed ones too. */
  idsOf(roomId: number | null): string[]
  /** Clients of a room, or with null of the whole group; unconfirmed ones too. */
  of(roomId: number | null): ClientRecord[]
  /** Where an add-on is installed and confirmed; at most `limit` places. */
  withKey(key: string, limit: number): Pick<ClientRecord, 'oauthId' | 'roomId'>[]
  put(client: ClientRecord): void
  /** The confirmed installation of an add-on in a place. */
  installed(key: string, roomId: number | null): ClientRecord | undefined
  /** Makes a client the installation of its place. */
  occupy(client: ClientRecord): void
  /** Removes a client with its codes, tokens, webhooks, glance updates and unread documents. */
  remove(client: ClientRecord): void
  /** Builds the index of places, for data of a server that had none. Call it inside a transaction. */
  completeIndex(): void
}

/** What belongs to installations, and is removed with them. */
export interface ClientBelongings {
  readonly tokens: Tokens
  readonly webhooks: Webhooks
  /** Authorization codes. */
  readonly codes: OneTime<CodeRecord>
  /** Unread documents of installations in the browser. */
  readonly installables: OneTime<InstallableRecord>
  readonly glanceUpdates: KeptGlanceUpdates
}

/** Creates the installations in a database. */
export function createClients(
  db: StateDatabase,
  { tokens, webhooks, codes, installables, glanceUpdates }: ClientBelongings,
): Clients {
  const clientTable = table<ClientRecord>(db, 'client')
  const places = table<string>(db, 'installation')
  const clientsByPlace = table<string>(db, 'clientPlace')
  const place = (key: string, roomId: number | null) => [key, placeKey(roomId)]

  return {
    get: (oauthId) => clientTable.get(oauthId),
    all: () => clientTable.all(),
    from: (after, limit) =>
      clientTable
        .keysFrom(after === undefined ? [] : [after], { limit, exclusive: after !== undefined })
        .flatMap(([oauthId]) => clientTable.get(String(oauthId)) ?? []),
    idsOf: (roomId) => clientsByPlace.all(placeKey(roomId)),
    of: (roomId) => clientsByPlace.all(placeKey(roomId)).flatMap((oauthId) => clientTable.get(oauthId) ?? []),
    withKey: (key, limit) =>
      places
        .keysFrom([key], { to: [key, Number.MAX_SAFE_INTEGER], limit })
        .map((at) => ({ oauthId: places.get(...at) ?? '', roomId: Number(at[1]) || null })),
    put(client) {
      clientTable.put([client.oauthId], client)
      clientsByPlace.put([placeKey(client.roomId), client.oauthId], client.oauthId)
    },
    installed(key, roomId) {
      const oauthId = places.get(...place(key, roomId))
      return oauthId === undefined ? undefined : clientTable.get(oauthId)
    },
    occupy: (client) => places.put(place(client.key, client.roomId), client.oauthId),
    remove(client) {
      const where = place(client.key, client.roomId)
      if (places.get(...where) === client.oauthId) places.remove(...where)
      tokens.removeOf({ oauthId: client.oauthId })
      for (const webhook of webhooks.ownedBy({ oauthId: client.oauthId })) webhooks.remove(webhook)
      const isOwn = ({ oauthId }: { readonly oauthId: string }) => oauthId === client.oauthId
      codes.removeWhere(isOwn)
      installables.removeWhere(isOwn)
      glanceUpdates.removeWhere(isOwn)
      clientTable.remove(client.oauthId)
      clientsByPlace.remove(placeKey(client.roomId), client.oauthId)
    },
    completeIndex() {
      if (clientsByPlace.any()) return
      for (const { oauthId, roomId } of clientTable.all())
        clientsByPlace.put([placeKey(roomId), oauthId], oauthId)
    },
  }
}
