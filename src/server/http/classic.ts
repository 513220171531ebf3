import type { OperationId } from '../../api/operations/index.ts'
import type { ClientRecord } from '../state/records.ts'

type Members = Readonly<Record<string, unknown>>

/**
 * A difference between HipChat and its published OpenAPI document. This server follows the document, and in classic
 * mode does what HipChat did, for clients that were written against it.
 */
export interface Difference {
  readonly topic: string
  readonly standard: string
  readonly classic: string
  /** Returns the classic form of an object; called for every object of every answer. */
  readonly reshape?: (object: Members) => Members
  /** Statuses of successful calls. */
  readonly statuses?: { readonly [Id in OperationId]?: number }
  /** Defaults of absent parameters and of absent members of a body. */
  readonly defaults?: { readonly [Id in OperationId]?: Members }
}

/**
 * All differences between the two modes; `docs/reference/server.md` shows the same table. Where the document and
 * HipChat differ otherwise, both forms are accepted from every client, or one answer suits both.
 */
export const differences: readonly Difference[] = [
  {
    topic: 'id of a webhook',
    standard: 'a string of digits',
    classic: 'an integer',
    reshape: (object) =>
      typeof object['id'] === 'string' && 'event' in object
        ? { ...object, id: Number(object['id']) }
        : object,
  },
  {
    topic: '`presence` of a user',
    standard: '`show` and `status` hold `chat`, `away`, `dnd` or `xa`; the text is in `status_text`',
    classic: '`show` holds `chat`, `away`, `dnd` or `xa`; the text is in `status`',
    reshape({ status_text, ...object }) {
      return status_text === undefined ? object : { ...object, status: status_text }
    },
  },
  {
    topic: '`from` of a notification',
    standard: 'an object with a `name`',
    classic: 'the name as a string',
    reshape(object) {
      const { type, from } = object
      return type === 'notification' && isNamed(from) ? { ...object, from: from.name } : object
    },
  },
  {
    topic: 'status of `sendRoomMessage`',
    standard: '200',
    classic: '201',
    statuses: { sendRoomMessage: 201 },
  },
  {
    topic: '`authentication` of `createRoomWebhook`, when an add-on leaves it out',
    standard: '`jwt`',
    classic: '`none`',
    defaults: { createRoomWebhook: { authentication: 'none' } },
  },
  {
    topic: '`include-private` of `getAllRooms`, when it is left out',
    standard: '`false`',
    classic: '`true`',
    defaults: { getAllRooms: { 'include-private': true } },
  },
  {
    topic: '`max-results` of a `latest` history, when it is left out',
    standard: '100',
    classic: '75',
    defaults: {
      getLatestRoomHistory: { 'max-results': 75 },
      viewRecentPrivatechatHistory: { 'max-results': 75 },
    },
  },
  {
    topic: '`message_format` of `sendPrivateMessage`, when it is left out',
    standard: '`html`',
    classic: '`text`',
    defaults: { sendPrivateMessage: { message_format: 'text' } },
  },
  {
    topic: 'signature of a delivery',
    standard: 'in the header `Authorization`',
    classic: 'in the header and in the parameter `signed_request`',
  },
]

/** Whether answers follow the published document, or HipChat where that differs. */
export type Compatibility = 'standard' | 'classic'

interface ClassicRules {
  readonly compatibility: Compatibility
  /** Add-ons that are always served in classic mode, by key or OAuth id. */
  readonly classicClients: ReadonlySet<string>
}

/** Whether a client is served in classic mode; without a client, whether everyone is. */
export type IsClassic = (client: ClientRecord | undefined) => boolean

/** Decides by the server's options who is served in classic mode. */
export const classicFor =
  ({ compatibility, classicClients }: ClassicRules): IsClassic =>
  (client) =>
    compatibility === 'classic' ||
    (client !== undefined && (classicClients.has(client.key) || classicClients.has(client.oauthId)))

/** The classic form of an answer. */
export function classicForm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(classicForm)
  if (typeof value !== 'object' || value === null) return value
  let object: Members = Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, classicForm(member)]),
  )
  for (const { reshape } of differences) if (reshape) object = reshape(object)
  return object
}

/** Status of a successful call in classic mode. */
export function classicStatus(operation: string, status: number): number {
  const id = operation as OperationId // an operation of another table has no differences
  return differences.find(({ statuses }) => statuses?.[id] !== undefined)?.statuses?.[id] ?? status
}

/** Defaults of absent parameters and members in classic mode. */
export const classicDefaults = (operation: string): Members =>
  Object.assign({}, ...differences.map(({ defaults }) => defaults?.[operation as OperationId]))

/** The address of a delivery with its signature added; the rest of the query string stays as the add-on wrote it. */
export function signedAddress(address: string, signature: string): string {
  const url = new URL(address)
  url.search = `${url.search || '?'}${url.search ? '&' : ''}signed_request=${signature}`
  return url.href
}

const isNamed = (value: unknown): value is { readonly name: string } =>
  typeof value === 'object' && value !== null && 'name' in value && !('id' in value)
