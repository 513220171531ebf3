import type { Card } from '../api/card.ts'
import type { Page } from '../api/objects.ts'
import type { Operation, TokenKind } from '../api/operation.ts'
import { type OperationId, type Operations, operations } from '../api/operations/index.ts'
import type { Notification } from '../api/operations/messages.ts'
import type { Scope } from '../api/scopes.ts'
import { Html } from '../common/html.ts'
import { typeName } from '../common/validate.ts'
import { ConfigurationError } from '../errors.ts'
import type { Message } from './answers.ts'
import { checkCard } from './card.ts'
import { createCollection } from './collection.ts'
import type { CallOptions } from './method-types.ts'
import type { ClientMethods, RoomMethods } from './methods.ts'
import { type Message as Sendable, toNotification } from './notification.ts'
import { type Authority, type Calling, type CallParameters, call } from './request.ts'

// An operation is open to holders of one of its scopes and of a token of one of its kinds.
type Open<O extends Operation, S extends Scope, K extends TokenKind> = O['tokens'] extends readonly []
  ? true
  : O['tokens'][number] & K extends never
    ? false
    : O['scopes'] extends readonly []
      ? true
      : O['scopes'][number] & S extends never
        ? false
        : true

/** The token kinds of add-ons. An add-on's client has no operations that only people may call. */
export type AddonToken = 'addon_group' | 'addon_room'

type OpenTo<S extends Scope, K extends TokenKind> = {
  [Id in OperationId]: Open<Operations[Id], S, K> extends true ? Id : never
}[OperationId]

/**
 * HipChat's REST API for the holder of scopes `S`: one method per operation, named by its documented id, with parameters
 * under the names they have on the wire. Operations that no scope of `S` allows are missing, and do not compile.
 */
// `Pick`, not a mapped type with `as`: the compiler then compares the methods of two clients, and accepts a client with
// more scopes in place of one with fewer. It compares the other form by its arguments, and refuses any difference.
export type Client<S extends Scope, K extends TokenKind = AddonToken> = Pick<ClientMethods, OpenTo<S, K>>

type MethodsOfRoom<S extends Scope> = Pick<RoomMethods, OpenTo<S, AddonToken> & keyof RoomMethods>

/** Options of a notification other than its text; see the documentation of `sendRoomNotification`. */
export type NotificationOptions = Omit<Notification, 'message' | 'message_format'>

/** Short forms of the most common calls in a room, by the scope that they need. */
interface Shorthands {
  send_notification: {
    /** Posts a notification: a string as text, {@link Html} as HTML, or a whole notification. */
    notify(message: Sendable, options?: NotificationOptions & CallOptions): Promise<undefined>
    /**
     * Posts a card that was made by `card.application(…)` or a similar function. `message` says the same for clients that
     * cannot show cards, such as HipChat's mobile clients and desktop notifications. A card with the same `id` replaces the
     * earlier one.
     */
    sendCard(
      card: Card,
      message: string | Html,
      options?: Omit<NotificationOptions, 'card'> & CallOptions,
    ): Promise<undefined>
  }
  view_messages: {
    /** The room's messages from the newest to the oldest, page by page; stable while people keep writing. */
    history(options?: { before?: Date; after?: Date } & CallOptions): AsyncIterable<Message>
  }
}

type Merge<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void ? I : never

/** The client limited to one room, whose id is filled in for every call. */
export type Room<S extends Scope> = { readonly id: number } & MethodsOfRoom<S> &
  (Extract<S, keyof Shorthands> extends never ? unknown : Merge<Shorthands[Extract<S, keyof Shorthands>]>)

/** Creates a client with every method; its type decides which of them are visible. */
export function createClientFor(authority: Authority, calling: Calling): Record<OperationId, unknown> {
  const method = (id: OperationId) => {
    const begin = (parameters: CallParameters, signal: AbortSignal | undefined): Promise<unknown> => {
      const begun = call(id, parameters, authority, calling, signal)
      calling.onBegin?.(begun, id)
      return begun
    }
    const operation: Operation = operations[id]
    if (operation.paging !== 'offset')
      return (parameters: CallParameters = {}, { signal }: CallOptions = {}) => begin(parameters, signal)
    return (parameters: CallParameters = {}, { signal }: CallOptions = {}) =>
      createCollection(
        // Paged operations return pages; a test of the table checks that.
        (index) => begin({ ...parameters, 'start-index': index }, signal) as Promise<Page<unknown>>,
        Number(parameters['start-index'] ?? 0),
      )
  }
  // Every id of the table gets its method.
  return Object.fromEntries(Object.keys(operations).map((id) => [id, method(id as OperationId)])) as Record<
    OperationId,
    unknown
  >
}

type AnyMethod = (parameters: CallParameters, options?: CallOptions) => unknown

/** Creates a room's methods and short forms; its type decides which of them are visible. */
export function createRoomFor(client: Record<OperationId, unknown>, roomId: number): Record<string, unknown> {
  const room: Record<string, unknown> = { id: roomId }
  const invoke = (id: OperationId) => client[id] as AnyMethod // created above, all of the same form
  for (const [id, operation] of Object.entries(operations) as [OperationId, Operation][]) {
    if (!operation.ownRoom) continue
    const { ownRoom } = operation
    room[id] = (parameters: CallParameters = {}, options?: CallOptions) =>
      invoke(id)({ ...parameters, [ownRoom]: roomId }, options)
  }
  const notify = invoke('sendRoomNotification')

  // `async`, so that a wrong message rejects like any other mistake in a call.
  room['notify'] = async (
    message: Sendable,
    { signal, ...options }: NotificationOptions & CallOptions = {},
  ) => notify({ ...toNotification(message), ...options, id_or_name: roomId }, signal ? { signal } : {})

  room['sendCard'] = async (
    card: Card,
    message: string | Html,
    { signal, ...options }: NotificationOptions & CallOptions = {},
  ) => {
    const checked = checkCard(card, 'sendCard')
    if (typeof message !== 'string' && !(message instanceof Html))
      throw new ConfigurationError(
        `sendCard: expected a message as the second argument, a string or html\`…\` for clients that cannot show the card; got ${typeName(message)}`,
      )
    return notify(
      { ...toNotification(message), ...options, card: checked, id_or_name: roomId },
      signal ? { signal } : {},
    )
  }

  room['history'] = ({ before, after, signal }: { before?: Date; after?: Date } & CallOptions = {}) =>
    invoke('getRoomHistory')(
      {
        id_or_name: roomId,
        // A fixed date keeps the pages stable while people keep writing.
        date: (before ?? new Date()).toISOString(),
        ...(after ? { 'end-date': after.toISOString() } : {}),
        reverse: false,
      },
      signal ? { signal } : {},
    )
  return room
}
