import type { EventItem, EventMessage, EventName, EventRoom } from '../../api/events.ts'
import type { Notification } from '../../api/operations/messages.ts'
import type { Scope } from '../../api/scopes.ts'
import type { Sender } from '../../api/sender.ts'
import type { NotificationOptions, Room } from '../../client/client.ts'
import type { Message } from '../../client/notification.ts'
import type { Html } from '../../common/html.ts'
import type { InstallationContext } from '../../installations/context.ts'
import type { Arguments } from './command.ts'

type MessageEvent = 'room_message' | 'room_notification'

interface Replies {
  send_notification: {
    /** Posts into the room in answer to the message, to which it is attached where clients can show that. */
    reply(message: Message, options?: NotificationOptions): Promise<undefined>
  }
}

/** What a webhook handler gets, typed by its event and the add-on's scopes. */
export type EventContext<
  E extends EventName = EventName,
  S extends Scope = Scope,
> = InstallationContext<S> & {
  readonly event: E
  /** The delivery's `item` as it came. */
  readonly item: EventItem<E>
  /** The room it happened in, with the calls for this room. */
  readonly room: Room<S> & Pick<EventRoom, 'name' | 'privacy' | 'is_archived'>
  /** Who caused it; `undefined` when HipChat did not say. */
  readonly sender: Sender | undefined
  /** The message or notification; `undefined` for events that have none. */
  readonly message: E extends MessageEvent ? EventMessage : undefined
  /** What the pattern found; `undefined` without one. */
  readonly match: RegExpMatchArray | undefined
} & ('send_notification' extends S ? Replies['send_notification'] : unknown)

/** What a command's handler gets. */
export type CommandContext<Usage extends string = string, S extends Scope = Scope> = EventContext<
  'room_message',
  S
> & {
  readonly args: Arguments<Usage>
}

/**
 * What a handler may return: nothing, or what is to be said in the room. A text is sent as text, {@link Html} as HTML.
 * It travels as the answer of the delivery itself, without a call.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing has the type void
export type Returned = void | undefined | string | Html | Notification

export type Handler<C> = (context: C) => Returned | Promise<Returned>

/**
 * Runs around every webhook and command handler. Call `next()` to go on; return something instead to answer in the
 * handler's place.
 */
export type Middleware<S extends Scope = Scope> = (
  context: EventContext<EventName, S>,
  next: () => Promise<Returned>,
) => Returned | Promise<Returned>
