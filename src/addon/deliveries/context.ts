import type { EventItem, EventMessage, EventName, EventRoom, Person } from '../../api/events.ts'
import type { Notification } from '../../api/operations/messages.ts'
import type { Scope } from '../../api/scopes.ts'
import type { Client, NotificationOptions, Room } from '../../client/client.ts'
import type { Glances } from '../../client/glance-updates.ts'
import type { Message } from '../../client/notification.ts'
import type { Html } from '../../common/html.ts'
import type { Installation } from '../../installations/installation.ts'
import type { Values } from '../../installations/installation-store.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { Arguments } from './command.ts'

/** Who caused an event: a person, or an integration that has a name and no more. */
export interface Sender {
  /** HipChat's id of the person; means nothing on another server. */
  readonly id: number | undefined
  readonly name: string
  /** Without the `@`. */
  readonly mention_name: string | undefined
}

/** What every handler and hook gets. */
export interface InstallationContext<S extends Scope = Scope> {
  readonly installation: Installation
  /** HipChat's API as this installation, with the calls its scopes allow. */
  readonly client: Client<S>
  /** Pushes what the add-on's glances show: in the room that this is about, unless told otherwise. */
  readonly glance: Glances
  /** What the author keeps for this installation. */
  readonly store: Values
  /** Logger that names the installation, and the delivery if there is one. */
  readonly log: Logger
  /** Aborted when the add-on is closing and has waited long enough. */
  readonly signal: AbortSignal
}

/** What a hook gets. */
export interface HookContext<S extends Scope = Scope> extends InstallationContext<S> {
  /** The room it is installed in; `undefined` for a global installation. */
  readonly room: Room<S> | undefined
}

/** What the hook of a replaced installation gets: `installation`, `store` and `client` are the new one's. */
export interface ReplacedContext<S extends Scope = Scope> extends HookContext<S> {
  readonly old: { readonly installation: Installation; readonly store: Values }
}

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

/** Makes one form of the many in which HipChat named who did something. */
export function readSender(value: unknown): Sender | undefined {
  if (typeof value === 'string') return { id: undefined, name: value, mention_name: undefined }
  if (typeof value !== 'object' || value === null) return undefined
  const { id, name, mention_name }: Person = value
  // An add-on's OAuth client has an id too, which is nobody's user id.
  if ('allowed_scopes' in value) return { id: undefined, name: name ?? '', mention_name: undefined }
  return {
    id: id === undefined ? undefined : readId(id),
    name: typeof name === 'string' ? name : '',
    mention_name: typeof mention_name === 'string' ? mention_name : undefined,
  }
}

/** An id as the number it is; some test data and documentation has text. */
export function readId(id: unknown): number | undefined {
  const number = typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : id
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined
}
