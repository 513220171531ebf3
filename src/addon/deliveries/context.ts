import {
  type DeliveryBody,
  type EventItem,
  type EventMessage,
  type EventName,
  type EventRoom,
  senderOf,
} from '../../api/events.ts'
import type { Notification } from '../../api/operations/messages.ts'
import type { Scope } from '../../api/scopes.ts'
import { readId, readSender, type Sender } from '../../api/sender.ts'
import type { NotificationOptions, Room } from '../../client/client.ts'
import { type Message, toNotification } from '../../client/notification.ts'
import type { Html } from '../../common/html.ts'
import { type InstallationContext, installationContext } from '../../installations/context.ts'
import type { InstallationServices } from '../../installations/services.ts'
import type { Arguments } from './command.ts'
import type { Turn } from './task-queue.ts'

type MessageEvent = 'room_message' | 'room_notification'

interface Replies {
  send_notification: {
    /** Posts a notification into the room, attached to the message in clients that can show this. */
    reply(message: Message, options?: NotificationOptions): Promise<undefined>
  }
}

/** The context of a webhook handler, typed by its event and the add-on's scopes. */
export type EventContext<
  E extends EventName = EventName,
  S extends Scope = Scope,
> = InstallationContext<S> & {
  /** Name of the event, such as `room_message`. */
  readonly event: E
  /** The delivery's `item`, unchanged. */
  readonly item: EventItem<E>
  /** The room of the event, with the API calls for this room. */
  readonly room: Room<S> & Pick<EventRoom, 'name' | 'privacy' | 'is_archived'>
  /** The person or add-on that caused the event; `undefined` if HipChat did not say. */
  readonly sender: Sender | undefined
  /** The message or notification; `undefined` for events without one. */
  readonly message: E extends MessageEvent ? EventMessage : undefined
  /** The match of the webhook's pattern; `undefined` if it has no pattern. */
  readonly match: RegExpMatchArray | undefined
  /** Id of the delivery, the same in every attempt; unique within the installation. */
  readonly deliveryId: string
  /** 1, or more if a process ended while it handled this delivery. What the earlier attempt did is not known. */
  readonly attempt: number
  /**
   * Does a part of the work once, even if the handler runs again: the result, which must be JSON, is stored, and a later
   * attempt gets it without doing the work. Names are unique within a handler. An error is not stored.
   *
   * If the process ends after the work and before its result is stored, the work is done again.
   *
   * @example
   * const { id } = await step('create', () => createIssue(message.message))
   * await step('tell', () => reply(`Issue ${id}`))
   */
  step<T>(name: string, work: () => T | Promise<T>): Promise<T>
} & ('send_notification' extends S ? Replies['send_notification'] : unknown)

/** The context of a command's handler. */
export type CommandContext<Usage extends string = string, S extends Scope = Scope> = EventContext<
  'room_message',
  S
> & {
  /** The command's arguments, by the names in its usage. */
  readonly args: Arguments<Usage>
}

/**
 * What a handler may return: nothing, or a message for the room. A string is sent as plain text, {@link
 * Html} as HTML. The message is sent as the answer to the delivery, without an API call.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing has the type void
export type Returned = void | undefined | string | Html | Notification

/** Handles an event or a command. An error goes to `onError`, and the delivery is answered with 500. */
export type Handler<C> = (context: C) => Returned | Promise<Returned>

/**
 * Runs around every webhook and command handler. `next()` runs the rest and resolves with the handler's
 * message; return another message to replace it. Without a call of `next()`, the handler does not run.
 */
export type Middleware<S extends Scope = Scope> = (
  context: EventContext<EventName, S>,
  next: () => Promise<Returned>,
) => Returned | Promise<Returned>

/** A delivery, as far as its context shows it. */
interface Shown {
  readonly webhook: { readonly key: string; readonly event: EventName }
  readonly body: DeliveryBody
  readonly match: RegExpMatchArray | undefined
  readonly id: string
  readonly attempt: number
}

/** Creates the context of a delivery. `services` are those of its installation as it is now. */
export function createEventContext(
  { webhook, body, match, id, attempt }: Shown,
  services: InstallationServices,
  turn: Pick<Turn, 'signal'>,
): EventContext {
  const { item } = body
  const { name, privacy, is_archived } = item.room
  const roomId = readId(item.room.id) ?? 0 // only a delivery with a numeric id is accepted
  const message = 'message' in item ? item.message : undefined
  const room = services.room(roomId)
  const attach = typeof message?.id === 'string' && message.id.length <= 36 ? { attach_to: message.id } : {}
  const context = Object.assign(installationContext(services, roomId, turn, { webhook: webhook.key }), {
    event: webhook.event,
    item,
    room: { ...room, name, privacy, is_archived },
    sender: readSender(senderOf(body)),
    message,
    match,
    deliveryId: id,
    attempt,
    step: <T>(step: string, work: () => T | Promise<T>) => services.step(id, step, work),
    reply: (said: unknown, options: object = {}) =>
      services.guard('reply', async () =>
        room.sendRoomNotification({ ...attach, ...toNotification(said), ...options }),
      ),
  })
  // `item` and `message` match `webhook.event`: the delivery was validated against its schema.
  return context as EventContext
}
