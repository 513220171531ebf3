import type { Card } from '../api/card.ts'
import type { EventName } from '../api/events.ts'
import type { GlanceContent } from '../api/glance.ts'
import type { Message } from '../api/objects.ts'
import { type Checks, elsewhere, oneOf } from '../common/checks.ts'
import { checkOptions } from '../option-checks.ts'
import type { HipChatServer, UserName } from '../server/index.ts'
import { createPageClient } from './page-client.ts'
import { alice, createRoomEvents, type TriggerOptions } from './room-events.ts'

/** A message as the people in the room see it. */
export interface SeenMessage {
  /** Id of the message. */
  readonly id: string
  /** Full name of a person; name of an add-on, followed by the `from` of the notification; or `nobody`. */
  readonly from: string
  /** A person's message, an add-on's notification, or a change of the topic. */
  readonly type: 'message' | 'notification' | 'topic'
  /** The text, or the HTML if `format` is `html`. Empty if there is none. */
  readonly message: string
  /** The colour of a notification: `yellow`, `green`, `red`, `purple`, `gray` or `random`. */
  readonly color?: string
  /** The format of a notification. */
  readonly format?: 'html' | 'text'
  /** The card that is shown instead of the message. */
  readonly card?: Card
  /** Id of the message to which this is a reply. */
  readonly replyTo?: string
}

/** Options of a message. */
export interface SaidOptions {
  /** Mention name of the sender. Default `alice`. */
  readonly from?: UserName
}

/** A given delivery, such as a recorded one. Each of `webhookFixtures` is one. */
export interface DeliverOptions {
  /** Event whose webhooks get it. */
  readonly event: EventName
  /** The whole body, including `item`. */
  readonly body: object
}

/** Options of an opened page. */
export interface OpenOptions {
  /** Mention name of the person who opens it. Default `alice`. */
  readonly as?: UserName
  /** Values for the placeholders in the address: `{ message: { mid: … } }` for a message action. Default: none. */
  readonly values?: Readonly<Record<string, unknown>>
  /** Theme of the client. Default `light`. */
  readonly theme?: 'light' | 'dark'
}

// Checks only the names, since a mistyped option would be ignored silently; the server checks the values.
const sayOptions: Checks<SaidOptions> = { from: elsewhere }
const glanceOptions: Checks<Pick<OpenOptions, 'as'>> = { as: elsewhere }
const openOptions: Checks<OpenOptions> = {
  ...glanceOptions,
  values: elsewhere,
  theme: oneOf('light', 'dark'),
}

/** A room with people in it. Its methods resolve when all consequences of an action have happened. */
export interface TestRoom {
  /** HipChat's id of the room. */
  readonly id: number
  /** Its name when it was looked up. */
  readonly name: string
  /** Posts a message; returns what add-ons posted in reply. A person who is not in the room enters it first. */
  say(text: string, options?: SaidOptions): Promise<readonly SeenMessage[]>
  /**
   * Causes an event, with HipChat's delivery for it; returns what add-ons posted in this room in reply. The necessary state is
   * set up first: a person who is to enter leaves, one who is to leave enters, and a room to unarchive is archived. Rejects
   * for unknown events, and if nothing would change: archiving an archived room makes no delivery.
   */
  trigger(event: EventName, options?: TriggerOptions): Promise<readonly SeenMessage[]>
  /**
   * Delivers an event to the add-on with a given body, for instance a recorded one, and a valid signature; returns what add-ons
   * posted in reply. The ids of installation, webhook and room in the body are replaced by those of this test; everything else
   * stays. An add-on without a webhook for the event, or with a pattern that the message does not match, gets no delivery.
   * Rejects if the add-on is not installed here, or refuses the body with a 4xx.
   */
  deliver(delivery: DeliverOptions): Promise<readonly SeenMessage[]>
  /** All messages, oldest first; only the newest thousand. Empty once the room is deleted. */
  readonly messages: readonly SeenMessage[]
  /** The notifications, by add-ons or by people through the API. */
  readonly notifications: readonly SeenMessage[]
  /** The notifications that handlers returned in time, as the answers of their deliveries and not with a call. */
  readonly replies: readonly SeenMessage[]
  /** The visible cards: of several with the same id only the newest. */
  readonly cards: readonly Card[]
  /**
   * The content of a glance for a person who opens the room, requested from the add-on as the chat page does. Rejects if there
   * is no such glance, or a client would not show the answer.
   */
  glance(key: string, options?: Pick<OpenOptions, 'as'>): Promise<GlanceContent>
  /** All contents that were pushed to a glance in this room, oldest first. */
  pushed(key: string): readonly GlanceContent[]
  /**
   * Opens a module's page, or the add-on's `configurable` or `adminPage`, with a signed request for a person. Returns the
   * response with any status. Rejects if there is no such module, or the person may not open it.
   */
  open(key: string, options?: OpenOptions): Promise<Response>
}

/** What {@link createTestRoom} needs. */
export interface TestRoomParts {
  readonly server: HipChatServer
  readonly room: { readonly id: number; readonly name: string }
  /** Resolves when nothing is in progress. */
  idle(): Promise<void>
}

/** Creates the test's view of a room on the server. */
export function createTestRoom({ server, room, idle }: TestRoomParts): TestRoom {
  const pageClient = createPageClient(server)

  function seen(): SeenMessage[] {
    const exists = server.rooms().some(({ id }) => id === room.id)
    return exists ? server.history(room.id).map(seenOf) : []
  }

  async function after(work: () => Promise<unknown>): Promise<readonly SeenMessage[]> {
    const before = new Set(seen().map(({ id }) => id))
    const done = await work()
    await idle()
    // The action itself is not a reply, but a person's notification looks like one.
    if (typeof done === 'object' && done !== null && 'id' in done) before.add(String(done.id))
    return seen().filter(({ id, type }) => !before.has(id) && type === 'notification')
  }

  const roomEvents = createRoomEvents(server, pageClient, room)

  async function deliver({ event, body }: DeliverOptions): Promise<void> {
    const installed = server
      .installations()
      .filter(({ roomId }) => roomId === undefined || roomId === room.id)
    if (installed.length === 0) throw new Error(`deliver: nothing is installed in ${room.name}`)
    for (const { oauthId } of installed)
      for (const { status = 0, response } of await server.deliver(oauthId, { event, room: room.id, body }))
        if (status >= 400 && status < 500)
          throw new Error(`deliver: the add-on refused it with ${status}: ${response?.body}`)
  }

  return {
    ...room,
    async say(text, options = {}) {
      checkOptions('room.say', options, sayOptions)
      const { from = alice } = options
      await server.enter(room.id, from)
      await idle() // a greeting is not a reply to the message
      return after(() => server.say(room.id, from, text))
    },
    async trigger(event, options = {}) {
      const { before, happens } = roomEvents(event, options)
      await before()
      await idle() // messages about the preparation are not replies to the event
      return after(happens)
    },
    deliver: (delivery) => after(() => deliver(delivery)),
    get messages() {
      return seen()
    },
    get notifications() {
      return seen().filter(({ type }) => type === 'notification')
    },
    get replies() {
      const inline = new Set(server.deliveries({ roomId: room.id }).map(({ replyId }) => replyId))
      return seen().filter(({ id }) => inline.has(id))
    },
    get cards() {
      const found = new Map<string, Card>()
      for (const { card, from } of seen())
        if (card) {
          const key = `${from} ${card.id}`
          found.delete(key) // so that the newest comes last
          found.set(key, card)
        }
      return [...found.values()]
    },
    async glance(key, options = {}) {
      checkOptions('room.glance', options, glanceOptions)
      return pageClient.glance(room.id, key, options.as ?? alice)
    },
    pushed: (key) =>
      server
        .glanceUpdates()
        .filter((update) => update.key === key && (update.roomId === undefined || update.roomId === room.id))
        .map(({ content }) => content),
    async open(key, options = {}) {
      checkOptions('room.open', options, openOptions)
      const { as = alice, ...more } = options
      return pageClient.open(room.id, key, as, more)
    },
  }
}

function seenOf(message: Message): SeenMessage {
  const { id, from, type, color, message_format, card, attach_to } = message
  return {
    id,
    from: typeof from === 'string' ? from : (from?.name ?? 'nobody'),
    type: type === 'notification' || type === 'topic' ? type : 'message',
    message: message.message ?? '',
    ...(color === undefined ? {} : { color }),
    ...(message_format === undefined ? {} : { format: message_format }),
    ...(card === undefined ? {} : { card: JSON.parse(card) as Card }), // the server checked it
    ...(attach_to === undefined ? {} : { replyTo: attach_to }),
  }
}
