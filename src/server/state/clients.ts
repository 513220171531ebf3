import type { EventName } from '../../api/events.ts'
import type {
  ClientRecord,
  CodeRecord,
  GlanceUpdateRecord,
  InstallableRecord,
  TokenRecord,
  WebhookRecord,
} from './records.ts'
import { afterAll, type Key, type StateDatabase, type Table, table } from './table.ts'

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

/** A token record, with the hash it is stored by. */
export interface HashedToken {
  readonly hash: string
  readonly token: TokenRecord
}

/** Which tokens: of a user, made by a user for rooms, of an installation, or of a room. */
export type Whose =
  | { readonly userId: number }
  | { readonly madeBy: number }
  | { readonly oauthId: string }
  | { readonly roomId: number }

/** Whom a token was made for by hand: a user or a room. */
export type HandmadeFor = { readonly userId: number } | { readonly roomId: number }

/** Access and refresh tokens, stored by their hashes. */
export interface Tokens {
  get(hash: string): TokenRecord | undefined
  put(hash: string, token: TokenRecord): void
  /** Removes a token. The last token of a grant also removes what was made with it: webhooks, and other tokens. */
  remove(hash: string): boolean
  /** All tokens with their hashes: for tests. */
  all(): HashedToken[]
  /** At most `limit` tokens ordered by hash, after a given one. */
  from(after: string | undefined, limit: number): HashedToken[]
  /** At most `limit` tokens of a user, installation or room. */
  of(whose: Whose, limit?: number): HashedToken[]
  /** Tokens of one sign-in, or of one permission for an add-on. */
  ofGrant(grant: string): HashedToken[]
  /** Tokens made by hand for a user or a room, ordered by hash, after a given one. */
  handmade(place: HandmadeFor, range: { after?: string | undefined; limit: number }): HashedToken[]
  /** At most `limit` rooms that have tokens made by hand, starting at a room. */
  handmadeRooms(from: number, limit: number): number[]
  /** At most `limit` tokens whose hash begins with a string. */
  beginning(hash: string, limit: number): HashedToken[]
  /** Whether a token has neither expired nor been made with a token that has ended. */
  isGood(token: TokenRecord): boolean
  /** Whether a grant has a good token. */
  lives(grant: string): boolean
  /** Builds the indexes, for data of an older version of this server. */
  completeIndexes(): void
  /** Removes the tokens of a user, installation or room: all, or those that match a rule. */
  removeOf(whose: Whose, rule?: (token: TokenRecord) => boolean): void
  /** Removes the tokens that match a rule. Reads all of them: call it when a server starts. */
  removeWhere(rule: (token: TokenRecord) => boolean): void
  /** Removes expired tokens, at most `most`, and reads no others. */
  removeExpired(most?: number): void
}

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
  /** Builds the index of owners, for data of a server that had none. Call it inside a transaction. */
  completeIndex(): void
}

/** Things that can be used once and for a limited time, stored by the hash of their secret. */
export interface OneTime<T> {
  get(hash: string): T | undefined
  put(hash: string, record: T): void
  remove(hash: string): boolean
  removeExpired(): void
  removeWhere(rule: (record: T) => boolean): void
}

interface KeptGlanceUpdate {
  readonly id: number
  readonly size: number
  readonly record: GlanceUpdateRecord
}

/** Glance updates by number, in the order of their creation. */
export interface KeptGlanceUpdates extends Pick<Table<KeptGlanceUpdate>, 'put' | 'remove' | 'all'> {
  removeWhere(rule: (update: GlanceUpdateRecord) => boolean): void
}

/** Authorization codes. */
export type Codes = OneTime<CodeRecord>

/** Unread documents of installations in the browser. */
export type Installables = OneTime<InstallableRecord>

/** The grant of a token. All tokens of one sign-in, or of one permission for an add-on, share a grant. */
export const grantOf = (hash: string, { session }: TokenRecord): string => session ?? hash

/** The tables of installations and what belongs to them. */
export interface ClientState {
  readonly clients: Clients
  readonly tokens: Tokens
  readonly webhooks: Webhooks
  readonly codes: Codes
  readonly installables: Installables
  readonly glanceUpdates: KeptGlanceUpdates
}

const placeOf = (roomId: number | null) => roomId ?? 0 // no room has the id 0

const webhookKey = ({ id, roomId, event }: WebhookRecord) => [placeOf(roomId), event, id]

/** Whether it was created through the API; descriptors have a limit of their own. */
const isMade = ({ declared }: WebhookRecord): boolean => !declared

const everything = Number.MAX_SAFE_INTEGER

/** Owner of a webhook, as the beginning of a key. */
const ownerKey = (owner: WebhookRecord['owner']): Key =>
  'oauthId' in owner ? ['client', owner.oauthId] : ['user', owner.userId]

const handmadeKey = (place: HandmadeFor): [string, number] =>
  'userId' in place ? ['user', place.userId] : ['room', place.roomId]

/** Index keys of a token. */
function whoseKeys({ userId, madeBy, oauthId, roomId }: TokenRecord): Key[] {
  return [
    ...(userId === null ? [] : [['user', userId]]),
    ...(madeBy === undefined ? [] : [['maker', madeBy]]),
    ...(oauthId === null ? [] : [['client', oauthId]]),
    ...(roomId === null ? [] : [['room', roomId]]),
  ]
}

function keyOfWhose(whose: Whose): [string, string | number] {
  if ('userId' in whose) return ['user', whose.userId]
  if ('madeBy' in whose) return ['maker', whose.madeBy]
  return 'oauthId' in whose ? ['client', whose.oauthId] : ['room', whose.roomId]
}

/** Creates the tables of installations in a database. */
export function createClientState(db: StateDatabase): ClientState {
  const clientTable = table<ClientRecord>(db, 'client')
  const places = table<string>(db, 'installation')
  const clientsByPlace = table<string>(db, 'clientPlace')
  const tokenTable = table<HashedToken>(db, 'token')
  const webhookTable = table<WebhookRecord>(db, 'webhook')
  const expiries = table<string>(db, 'tokenExpiry')
  // By grant: its tokens, and what was made with them.
  const grantTokens = table<string>(db, 'grantToken')
  const grantMade = table<string>(db, 'grantMade')
  const grantWebhooks = table<ReturnType<typeof webhookKey>>(db, 'grantWebhook')
  const tokensOf = table<string>(db, 'tokenOf')
  const ownedWebhooks = table<true>(db, 'ownedWebhook') // by owner, and the key of the webhook
  const madeWebhooks = table<true>(db, 'madeWebhook') // by room; not those of descriptors
  const place = (key: string, roomId: number | null) => [key, placeOf(roomId)]

  // An index of few tokens: most belong to sessions.
  const handmadeTokens = table<string>(db, 'handmadeToken')
  const found = (hashes: readonly string[]): HashedToken[] =>
    hashes.flatMap((hash) => tokenTable.get(hash) ?? [])

  const lastOf = (keys: readonly Key[]): string[] => keys.map((key) => String(key.at(-1)))

  const tokens: Tokens = {
    get: (hash) => tokenTable.get(hash)?.token,
    put(hash, token) {
      tokenTable.put([hash], { hash, token })
      if (token.expires !== null) expiries.put([token.expires, hash], hash)
      grantTokens.put([grantOf(hash, token), hash], hash)
      const maker = makerOf(token)
      if (maker) handmadeTokens.put([...maker, hash], hash)
      for (const key of whoseKeys(token)) tokensOf.put([...key, hash], hash)
      if (token.madeWith !== undefined) grantMade.put([token.madeWith, hash], hash)
    },
    remove(hash) {
      const token = tokens.get(hash)
      if (!token) return false
      if (token.expires !== null) expiries.remove(token.expires, hash)
      if (token.madeWith !== undefined) grantMade.remove(token.madeWith, hash)
      const maker = makerOf(token)
      if (maker) handmadeTokens.remove(...maker, hash)
      for (const key of whoseKeys(token)) tokensOf.remove(...key, hash)
      const grant = grantOf(hash, token)
      grantTokens.remove(grant, hash)
      tokenTable.remove(hash)
      if (!grantTokens.any(grant)) endGrant(grant)
      return true
    },
    isGood: ({ expires, madeWith }) =>
      (expires === null || expires > Date.now()) && (madeWith === undefined || tokens.lives(madeWith)),
    lives: (grant) =>
      grantTokens.all(grant).some((hash) => {
        const token = tokens.get(hash)
        return token !== undefined && tokens.isGood(token)
      }),
    all: () => tokenTable.all(),
    from: (after, limit) => {
      const from = after === undefined ? [] : [after]
      return found(lastOf(tokenTable.keysFrom(from, { limit, exclusive: after !== undefined })))
    },
    of(whose, limit = everything) {
      const key = keyOfWhose(whose)
      return found(lastOf(tokensOf.keysFrom(key, { to: [...key, afterAll], limit })))
    },
    ofGrant: (grant) => found(grantTokens.all(grant)),
    handmade(target, { after, limit }) {
      const key = handmadeKey(target)
      const from = after === undefined ? key : [...key, after]
      const range = { to: [...key, afterAll], limit, exclusive: after !== undefined }
      return found(lastOf(handmadeTokens.keysFrom(from, range)))
    },
    handmadeRooms(from, limit) {
      const rooms: number[] = []
      for (let next = from; rooms.length < limit; ) {
        const [key] = handmadeTokens.keysFrom(['room', next], { to: ['room', afterAll], limit: 1 })
        if (!key) break
        rooms.push(Number(key[1]))
        next = Number(key[1]) + 1
      }
      return rooms
    },
    beginning: (hash, limit) => found(lastOf(tokenTable.keysFrom([hash], { to: [hash + afterAll], limit }))),
    completeIndexes() {
      for (const { hash, token } of tokenTable.all()) {
        const grant = grantOf(hash, token)
        if (grantTokens.get(grant, hash) === undefined) grantTokens.put([grant, hash], hash)
        const maker = makerOf(token)
        if (maker && handmadeTokens.get(...maker, hash) === undefined)
          handmadeTokens.put([...maker, hash], hash)
        for (const key of whoseKeys(token))
          if (tokensOf.get(...key, hash) === undefined) tokensOf.put([...key, hash], hash)
      }
    },
    removeOf(whose, rule = () => true) {
      for (const { hash, token } of tokens.of(whose)) if (rule(token)) tokens.remove(hash)
    },
    removeWhere(rule) {
      for (const { hash, token } of tokenTable.all()) if (rule(token)) tokens.remove(hash)
    },
    removeExpired(most = everything) {
      for (const hash of [...expiries.backwards([], { from: Date.now(), limit: most })]) tokens.remove(hash)
    },
  }

  function endGrant(grant: string): void {
    for (const key of grantWebhooks.all(grant)) {
      const webhook = webhookTable.get(...key)
      if (webhook) webhooks.remove(webhook)
    }
    for (const hash of grantMade.all(grant)) tokens.remove(hash)
  }

  const webhooks: Webhooks = {
    has: (webhook) => webhookTable.get(...webhookKey(webhook)) !== undefined,
    of(roomId, limit = everything) {
      const room = placeOf(roomId)
      const keys = webhookTable.keysFrom([room], { to: [room, afterAll], limit })
      return keys.flatMap((key) => webhookTable.get(...key) ?? [])
    },
    listening(event, roomId, { after, limit }) {
      const keys = [placeOf(null), roomId].flatMap((room) =>
        webhookTable.keysFrom([room, event, after + 1], { to: [room, event, afterAll], limit }),
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
      if (isMade(webhook)) madeWebhooks.remove(placeOf(webhook.roomId), webhook.id)
      if (webhook.grant !== undefined) grantWebhooks.remove(webhook.grant, webhook.id)
    },
    completeIndex() {
      if (ownedWebhooks.any()) return
      for (const webhook of webhookTable.all()) indexWebhook(webhook)
    },
  }

  function indexWebhook(webhook: WebhookRecord): void {
    ownedWebhooks.put([...ownerKey(webhook.owner), ...webhookKey(webhook)], true)
    if (isMade(webhook)) madeWebhooks.put([placeOf(webhook.roomId), webhook.id], true)
  }

  const codes: Codes = oneTime(db, 'code')
  const installables: Installables = oneTime(db, 'installable')

  const updateTable = table<KeptGlanceUpdate>(db, 'glanceUpdate')
  const glanceUpdates: KeptGlanceUpdates = {
    ...updateTable,
    removeWhere(rule) {
      for (const { id, record } of updateTable.all()) if (rule(record)) updateTable.remove(id)
    },
  }

  const clients: Clients = {
    get: (oauthId) => clientTable.get(oauthId),
    all: () => clientTable.all(),
    from: (after, limit) =>
      clientTable
        .keysFrom(after === undefined ? [] : [after], { limit, exclusive: after !== undefined })
        .flatMap(([oauthId]) => clientTable.get(String(oauthId)) ?? []),
    idsOf: (roomId) => clientsByPlace.all(placeOf(roomId)),
    of: (roomId) => clientsByPlace.all(placeOf(roomId)).flatMap((oauthId) => clientTable.get(oauthId) ?? []),
    withKey: (key, limit) =>
      places
        .keysFrom([key], { to: [key, Number.MAX_SAFE_INTEGER], limit })
        .map((at) => ({ oauthId: places.get(...at) ?? '', roomId: Number(at[1]) || null })),
    put(client) {
      clientTable.put([client.oauthId], client)
      clientsByPlace.put([placeOf(client.roomId), client.oauthId], client.oauthId)
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
      clientsByPlace.remove(placeOf(client.roomId), client.oauthId)
    },
    completeIndex() {
      if (clientsByPlace.any()) return
      for (const { oauthId, roomId } of clientTable.all())
        clientsByPlace.put([placeOf(roomId), oauthId], oauthId)
    },
  }

  return { clients, tokens, webhooks, codes, installables, glanceUpdates }
}

function oneTime<T extends { readonly oauthId: string; readonly expires: number }>(
  db: StateDatabase,
  name: string,
): OneTime<T> {
  const kept = table<{ hash: string; record: T }>(db, name)
  const removeWhere = (rule: (record: T) => boolean) => {
    for (const { hash, record } of kept.all()) if (rule(record)) kept.remove(hash)
  }
  return {
    get: (hash) => kept.get(hash)?.record,
    put: (hash, record) => kept.put([hash], { hash, record }),
    remove: (hash) => kept.remove(hash),
    removeExpired: () => removeWhere(({ expires }) => expires <= Date.now()),
    removeWhere,
  }
}

/** Index key of a token made by hand: the user who made it for themselves, or the room it is for. */
function makerOf({ kind, userId, roomId, admin }: TokenRecord): Key | undefined {
  if (admin) return undefined
  if (kind === 'personal' && userId !== null) return ['user', userId]
  return kind === 'room_notification' && roomId !== null ? ['room', roomId] : undefined
}
