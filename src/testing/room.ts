import type { Card } from '../api/card.ts'
import type { EventName } from '../api/events.ts'
import type { GlanceContent } from '../api/glance.ts'
import type { Message } from '../api/objects.ts'
import { type Checks, checkMembers, elsewhere, oneOf } from '../option-checks.ts'
import type { HipChatServer, UserName } from '../server/index.ts'
import { createPageClient } from './page-client.ts'
import { alice, createRoomEvents, type TriggerOptions } from './room-events.ts'

/** A message as the people in the room see it. */
export interface SeenMessage {
  readonly id: string
  /** Full name of a person; of an add-on its name, with the `from` of the notification behind it; or `nobody`. */
  readonly from: string
  /** What people say, what add-ons say, and that the topic was changed. */
  readonly type: 'message' | 'notification' | 'topic'
  /** The text, or the HTML if `format` says so. Empty where there is none. */
  readonly message: string
  /** Of a notification: `yellow`, `green`, `red`, `purple`, `gray` or `random`. */
  readonly color?: string
  /** Of a notification. */
  readonly format?: 'html' | 'text'
  /** The card that is shown in place of the message. */
  readonly card?: Card
  /** Id of the message that it answers. */
  readonly replyTo?: string
}

/** How something is said. */
export interface SaidOptions {
  /** Mention name of who says it. Default `alice`. */
  readonly from?: UserName
}

/** A delivery that was not made here. Each of `webhookFixtures` is one. */
export interface DeliverOptions {
  readonly event: EventName
  /** As it is posted, with `item` and all. */
  readonly body: object
}

/** How a page is opened. */
export interface OpenOptions {
  /** Mention name of who looks. Default `alice`. */
  readonly as?: UserName
  /** What the client puts into the address: `{ message: { mid: … } }` for what a message action opens. Default nothing. */
  readonly values?: Readonly<Record<string, unknown>>
  /** Of the client that it is shown in. Default `light`. */
  readonly theme?: 'light' | 'dark'
}

// A mistyped option would be left out in silence; the server looks at what is in them.
const sayOptions: Checks<SaidOptions> = { from: elsewhere }
const glanceOptions: Checks<Pick<OpenOptions, 'as'>> = { as: elsewhere }
const openOptions: Checks<OpenOptions> = {
  ...glanceOptions,
  values: elsewhere,
  theme: oneOf('light', 'dark'),
}

/** A room with people in it. What is done in it resolves when all that came of it has happened. */
export interface TestRoom {
  readonly id: number
  /** Its name when it was looked up. */
  readonly name: string
  /** Says something; gives what the room saw in answer. Who is not in the room yet enters first. */
  say(text: string, options?: SaidOptions): Promise<readonly SeenMessage[]>
  /**
   * Lets something happen, as HipChat would tell it; gives what this room saw in answer. What has to be so before is done
   * before: who enters leaves, who leaves enters, and what comes out of the archive is put there. Rejects for events that there
   * are not, and where nothing would change: to archive an archived room is told to nobody.
   */
  trigger(event: EventName, options?: TriggerOptions): Promise<readonly SeenMessage[]>
  /**
   * Tells the add-on of an event with a body that was not made here, a recorded one for instance, signed as it has to be; gives
   * what the room saw in answer. The ids of installation, webhook and room in the body are made those of here, everything
   * else is told as it is. Nothing is told to an add-on without a webhook for the event, or whose pattern the message does
   * not match. Rejects when the add-on is not installed here, or refuses the body with a 4xx.
   */
  deliver(delivery: DeliverOptions): Promise<readonly SeenMessage[]>
  /** All that was said, oldest first; the newest thousand. Nothing once the room is deleted. */
  readonly messages: readonly SeenMessage[]
  /** What add-ons said, and people by the API. */
  readonly notifications: readonly SeenMessage[]
  /** Of these what was said inline: returned by a handler in time, as the answer of its delivery, and not by a call. */
  readonly replies: readonly SeenMessage[]
  /** The cards that are to be seen: of several with one id the newest. */
  readonly cards: readonly Card[]
  /**
   * What a glance shows to somebody who opens the room: asked of the add-on, as the chat page does. Rejects when there is no
   * such glance, or its answer is none that a client shows.
   */
  glance(key: string, options?: Pick<OpenOptions, 'as'>): Promise<GlanceContent>
  /** What was pushed to a glance since the room was there, oldest first. */
  pushed(key: string): readonly GlanceContent[]
  /**
   * Opens a module's page, or the add-on's `configurable` or `adminPage`, signed for somebody, and gives its answer whatever its
   * status. Rejects when there is no such module, or the person may not open it.
   */
  open(key: string, options?: OpenOptions): Promise<Response>
}

/** What a room is made with. */
export interface TestRoomParts {
  readonly server: HipChatServer
  readonly room: { readonly id: number; readonly name: string }
  /** Resolves when nothing is happening any more. */
  idle(): Promise<void>
}

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
    // What people did themselves is no answer; a notification of theirs looks like one.
    if (typeof done === 'object' && done !== null && 'id' in done) before.add(String(done.id))
    return seen().filter(({ id, type }) => !before.has(id) && type === 'notification')
  }

  const roomEvents = createRoomEvents(server, pageClient, room)

  async function tell({ event, body }: DeliverOptions): Promise<void> {
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
      checkMembers('room.say', options, sayOptions, [])
      const { from = alice } = options
      await server.enter(room.id, from)
      await idle() // what comes of entering is no answer to what is said
      return after(() => server.say(room.id, from, text))
    },
    async trigger(event, options = {}) {
      const { before, happens } = roomEvents(event, options)
      await before()
      await idle() // what came of that is no answer to what happens now
      return after(happens)
    },
    deliver: (delivery) => after(() => tell(delivery)),
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
          found.delete(key) // the newest takes its own place, which is the last
          found.set(key, card)
        }
      return [...found.values()]
    },
    async glance(key, options = {}) {
      checkMembers('room.glance', options, glanceOptions, [])
      return pageClient.glance(room.id, key, options.as ?? alice)
    },
    pushed: (key) =>
      server
        .glanceUpdates()
        .filter((update) => update.key === key && (update.roomId === undefined || update.roomId === room.id))
        .map(({ content }) => content),
    async open(key, options = {}) {
      checkMembers('room.open', options, openOptions, [])
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
