import type { EventName } from '../../api/events.ts'
import type {
  ClientRecord,
  CodeRecord,
  GlanceUpdateRecord,
  InstallableRecord,
  TokenRecord,
  WebhookRecord,
} from './records.ts'
import { type Key, type StateDatabase, type Table, table } from './table.ts'

/** Installations, their codes, tokens and webhooks. One add-on is installed once per place; a place is a room, or the group. */
export interface Clients {
  get(oauthId: string): ClientRecord | undefined
  all(): ClientRecord[]
  /** Those of a room, or with null those of the whole group; unconfirmed ones too. */
  of(roomId: number | null): ClientRecord[]
  /** The confirmed installations of an add-on, so many at most. */
  withKey(key: string, limit: number): ClientRecord[]
  put(client: ClientRecord): void
  /** The confirmed installation of an add-on in a place. */
  installed(key: string, roomId: number | null): ClientRecord | undefined
  /** Makes a client the installation of its place. */
  occupy(client: ClientRecord): void
  /** Removes a client with its codes, tokens, webhooks, glance updates and unread documents. */
  remove(client: ClientRecord): void
  /** For data of a server that had no index of places: makes it. Inside of a transaction. */
  completeIndex(): void
}

export interface Tokens {
  get(hash: string): TokenRecord | undefined
  put(hash: string, token: TokenRecord): void
  /** With the last token of a grant goes what was made with it: webhooks, and other tokens. */
  remove(hash: string): boolean
  /** All tokens with their hashes. */
  all(): { hash: string; token: TokenRecord }[]
  /** Tokens that a user made by hand, and those that were made by hand for rooms. */
  handmade(userId: number): { hash: string; token: TokenRecord }[]
  /** Neither expired, nor made with a token that has ended. */
  isGood(token: TokenRecord): boolean
  /** Whether there is a good token of a grant. */
  lives(grant: string): boolean
  /** For tokens that an older version of this server wrote. */
  completeIndexes(): void
  /** Removes tokens that a rule names. Looks at all of them. */
  removeWhere(rule: (token: TokenRecord) => boolean): void
  /** Looks at the expired ones only. */
  removeExpired(): void
}

export interface Webhooks {
  has(webhook: WebhookRecord): boolean
  all(): readonly WebhookRecord[]
  /** Those of a room, or with null the group-wide ones. */
  of(roomId: number | null): WebhookRecord[]
  /** Those an event in a room fires, group-wide ones among them, oldest first. */
  listening(event: EventName, roomId: number): WebhookRecord[]
  put(webhook: WebhookRecord): void
  remove(webhook: WebhookRecord): void
}

/** Things that are good once and for a while, by the hash of the text that names them. */
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

/** By number, in the order in which they were made. */
export interface KeptGlanceUpdates extends Pick<Table<KeptGlanceUpdate>, 'put' | 'remove' | 'all'> {
  removeWhere(rule: (update: GlanceUpdateRecord) => boolean): void
}

/** Authorization codes. */
export type Codes = OneTime<CodeRecord>

/** Unread documents of installations by browser. */
export type Installables = OneTime<InstallableRecord>

/** What a token belongs to. The tokens of one sign-in, or of one permission for an add-on, are of one grant. */
export const grantOf = (hash: string, { session }: TokenRecord): string => session ?? hash

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

export function createClientState(db: StateDatabase): ClientState {
  const clientTable = table<ClientRecord>(db, 'client')
  const places = table<string>(db, 'installation')
  const clientsByPlace = table<string>(db, 'clientPlace')
  const tokenTable = table<{ hash: string; token: TokenRecord }>(db, 'token')
  const webhookTable = table<WebhookRecord>(db, 'webhook')
  const expiries = table<string>(db, 'tokenExpiry')
  // By grant: its tokens, and what was made with them.
  const grantTokens = table<string>(db, 'grantToken')
  const grantMade = table<string>(db, 'grantMade')
  const grantWebhooks = table<ReturnType<typeof webhookKey>>(db, 'grantWebhook')
  const place = (key: string, roomId: number | null) => [key, placeOf(roomId)]

  // Of few of the tokens: most are of sessions.
  const handmadeTokens = table<string>(db, 'handmadeToken')
  const tokens: Tokens = {
    get: (hash) => tokenTable.get(hash)?.token,
    put(hash, token) {
      tokenTable.put([hash], { hash, token })
      if (token.expires !== null) expiries.put([token.expires, hash], hash)
      grantTokens.put([grantOf(hash, token), hash], hash)
      const maker = makerOf(token)
      if (maker) handmadeTokens.put([...maker, hash], hash)
      if (token.madeWith !== undefined) grantMade.put([token.madeWith, hash], hash)
    },
    remove(hash) {
      const token = tokens.get(hash)
      if (!token) return false
      if (token.expires !== null) expiries.remove(token.expires, hash)
      if (token.madeWith !== undefined) grantMade.remove(token.madeWith, hash)
      const maker = makerOf(token)
      if (maker) handmadeTokens.remove(...maker, hash)
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
    handmade: (userId) =>
      [...handmadeTokens.all('user', userId), ...handmadeTokens.all('room')].flatMap(
        (hash) => tokenTable.get(hash) ?? [],
      ),
    completeIndexes() {
      for (const { hash, token } of tokenTable.all()) {
        const grant = grantOf(hash, token)
        if (grantTokens.get(grant, hash) === undefined) grantTokens.put([grant, hash], hash)
        const maker = makerOf(token)
        if (maker && handmadeTokens.get(...maker, hash) === undefined)
          handmadeTokens.put([...maker, hash], hash)
      }
    },
    removeWhere(rule) {
      for (const { hash, token } of tokenTable.all()) if (rule(token)) tokens.remove(hash)
    },
    removeExpired() {
      for (const hash of [...expiries.backwards([], { from: Date.now() })]) tokens.remove(hash)
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
    all: () => webhookTable.all(),
    of: (roomId) => webhookTable.all(placeOf(roomId)),
    listening: (event, roomId) =>
      [...webhookTable.all(placeOf(null), event), ...webhookTable.all(roomId, event)].sort(
        (one, other) => one.id - other.id,
      ),
    put(webhook) {
      webhookTable.put(webhookKey(webhook), webhook)
      if (webhook.grant !== undefined) grantWebhooks.put([webhook.grant, webhook.id], webhookKey(webhook))
    },
    remove(webhook) {
      webhookTable.remove(...webhookKey(webhook))
      if (webhook.grant !== undefined) grantWebhooks.remove(webhook.grant, webhook.id)
    },
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
    of: (roomId) => clientsByPlace.all(placeOf(roomId)).flatMap((oauthId) => clientTable.get(oauthId) ?? []),
    withKey: (key, limit) =>
      places
        .keysFrom([key], { to: [key, Number.MAX_SAFE_INTEGER], limit })
        .flatMap((at) => clientTable.get(places.get(...at) ?? '') ?? []),
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
      tokens.removeWhere((token) => token.oauthId === client.oauthId)
      for (const webhook of webhookTable.all())
        if ('oauthId' in webhook.owner && webhook.owner.oauthId === client.oauthId) webhooks.remove(webhook)
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

/** Below what a token that was made by hand is found: whoever made it for themselves, or the room that it is for. */
function makerOf({ kind, userId, roomId }: TokenRecord): Key | undefined {
  if (kind === 'personal' && userId !== null) return ['user', userId]
  return kind === 'room_notification' && roomId !== null ? ['room', roomId] : undefined
}
