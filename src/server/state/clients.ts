import type { ClientRecord, InstallableRecord, TokenRecord, WebhookRecord } from './records.ts'
import { type StateDatabase, table } from './table.ts'

/** Installations, their tokens and their webhooks. One add-on is installed once per place; a place is a room, or the group. */
export interface Clients {
  get(oauthId: string): ClientRecord | undefined
  all(): ClientRecord[]
  put(client: ClientRecord): void
  /** The confirmed installation of an add-on in a place. */
  installed(key: string, roomId: number | null): ClientRecord | undefined
  /** Makes a client the installation of its place. */
  occupy(client: ClientRecord): void
  /** Removes a client with its tokens, webhooks and unread documents. */
  remove(client: ClientRecord): void
}

export interface Tokens {
  get(hash: string): TokenRecord | undefined
  put(hash: string, token: TokenRecord): void
  remove(hash: string): boolean
  /** All tokens with their hashes. */
  all(): { hash: string; token: TokenRecord }[]
  /** Removes tokens that a rule names; how many they were. */
  removeWhere(rule: (token: TokenRecord) => boolean): number
}

export interface Webhooks {
  get(id: number): WebhookRecord | undefined
  all(): readonly WebhookRecord[]
  put(webhook: WebhookRecord): void
  remove(webhook: WebhookRecord): void
}

export interface Installables {
  get(hash: string): InstallableRecord | undefined
  put(hash: string, record: InstallableRecord): void
  remove(hash: string): boolean
}

export interface ClientState {
  readonly clients: Clients
  readonly tokens: Tokens
  readonly webhooks: Webhooks
  readonly installables: Installables
}

export function createClientState(db: StateDatabase): ClientState {
  const clientTable = table<ClientRecord>(db, 'client')
  const places = table<string>(db, 'installation')
  const tokenTable = table<{ hash: string; token: TokenRecord }>(db, 'token')
  const webhookTable = table<WebhookRecord>(db, 'webhook')
  const installableTable = table<{ hash: string; record: InstallableRecord }>(db, 'installable')
  const place = (key: string, roomId: number | null) => [key, roomId ?? 0] // no room has the id 0

  const tokens: Tokens = {
    get: (hash) => tokenTable.get(hash)?.token,
    put: (hash, token) => tokenTable.put([hash], { hash, token }),
    remove: (hash) => tokenTable.remove(hash),
    all: () => tokenTable.all(),
    removeWhere(rule) {
      const doomed = tokenTable.all().filter(({ token }) => rule(token))
      for (const { hash } of doomed) tokenTable.remove(hash)
      return doomed.length
    },
  }

  const webhooks: Webhooks = {
    get: (id) => webhookTable.get(id),
    all: () => webhookTable.all(),
    put: (webhook) => webhookTable.put([webhook.id], webhook),
    remove: (webhook) => void webhookTable.remove(webhook.id),
  }

  const installables: Installables = {
    get: (hash) => installableTable.get(hash)?.record,
    put: (hash, record) => installableTable.put([hash], { hash, record }),
    remove: (hash) => installableTable.remove(hash),
  }

  const clients: Clients = {
    get: (oauthId) => clientTable.get(oauthId),
    all: () => clientTable.all(),
    put: (client) => clientTable.put([client.oauthId], client),
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
      for (const { hash, record } of installableTable.all())
        if (record.oauthId === client.oauthId) installableTable.remove(hash)
      clientTable.remove(client.oauthId)
    },
  }

  return { clients, tokens, webhooks, installables }
}
