import type { Card } from '../api/card.ts'
import type { EventName } from '../api/events.ts'
import type { GlanceContent } from '../api/glance.ts'
import type { Message } from '../api/objects.ts'
import type { HipChatServer, UserName } from '../server/index.ts'
import { createVisitor } from './visitor.ts'

/** A message as the people in the room see it. */
export interface SeenMessage {
  readonly id: string
  /** Full name of a person; of an add-on its name, with the `from` of the notification behind it. */
  readonly from: string
  readonly type: 'message' | 'notification' | 'topic'
  readonly message: string
  /** Of a notification. */
  readonly color?: string
  readonly format?: 'html' | 'text'
  readonly card?: Card
  /** Id of the message that it answers. */
  readonly replyTo?: string
}

export interface SaidOptions {
  /** Mention name of who says it. Default `alice`. */
  readonly from?: UserName
}

export interface TriggerOptions extends SaidOptions {
  /** What is said, or the new topic. */
  readonly text?: string
  readonly file?: { readonly name: string; readonly size?: number; readonly url?: string }
}

export interface OpenOptions {
  /** Mention name of who looks. Default `alice`. */
  readonly as?: UserName
  /** What the client puts into the address: `{ message: { mid: … } }` for what a message action opens. */
  readonly values?: Readonly<Record<string, unknown>>
  readonly theme?: 'light' | 'dark'
}

/** A room with people in it. What is done in it resolves when all that came of it has happened. */
export interface TestRoom {
  readonly id: number
  readonly name: string
  /** Says something; gives what the room saw in answer. Who is not in the room yet enters first. */
  say(text: string, options?: SaidOptions): Promise<readonly SeenMessage[]>
  /** Lets something happen, as HipChat would tell it; gives what the room saw in answer. */
  trigger(event: EventName, options?: TriggerOptions): Promise<readonly SeenMessage[]>
  /** All that was said, oldest first. */
  readonly messages: readonly SeenMessage[]
  /** What add-ons said. */
  readonly notifications: readonly SeenMessage[]
  /** The cards that are to be seen: of several with one id the newest. */
  readonly cards: readonly Card[]
  /** What a glance shows to somebody who opens the room: asked of the add-on, as the chat page does. */
  glance(key: string, options?: Pick<OpenOptions, 'as'>): Promise<GlanceContent>
  /** What was pushed to a glance since the room was there, oldest first. */
  pushed(key: string): readonly GlanceContent[]
  /** Opens a module's page, or the add-on's `configurable` or `adminPage`, and gives its answer. */
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
  const visitor = createVisitor(server)

  const seen = (): SeenMessage[] => server.history(room.id).map(seenOf)

  async function after(work: () => Promise<unknown>): Promise<readonly SeenMessage[]> {
    const before = new Set(seen().map(({ id }) => id))
    await work()
    await idle()
    // What people did themselves is no answer.
    return seen().filter(({ id, type }) => !before.has(id) && type === 'notification')
  }

  const events: Readonly<
    Record<EventName, (options: Required<SaidOptions> & TriggerOptions) => Promise<unknown>>
  > = {
    room_message: ({ from, text = 'Hello' }) => server.say(room.id, from, text),
    room_notification: ({ from, text = 'Hello' }) =>
      server.notify(room.id, from, { message: text, message_format: 'text' }),
    async room_enter({ from }) {
      await server.leave(room.id, from)
      await server.enter(room.id, from)
    },
    async room_exit({ from }) {
      await server.enter(room.id, from)
      await server.leave(room.id, from)
    },
    room_topic_change: ({ from, text = `Topic ${server.history(room.id).length}` }) =>
      server.setTopic(room.id, from, text),
    room_file_upload: ({ from, text, file }) =>
      server.shareFile(room.id, from, {
        url: 'https://files.example.com/notes.txt',
        size: 1234,
        name: 'notes.txt',
        ...file,
        ...(text === undefined ? {} : { message: text }),
      }),
    room_archived: () => visitor.archive(room.id, true),
    room_unarchived: async () => {
      await visitor.archive(room.id, true)
      await visitor.archive(room.id, false)
    },
    room_created: () => visitor.createRoom(`Room ${Date.now().toString(36)}`),
    room_deleted: () => visitor.deleteRoom(room.id),
  }

  return {
    ...room,
    async say(text, { from = 'alice' } = {}) {
      await server.enter(room.id, from)
      await idle() // what comes of entering is no answer to what is said
      return after(() => server.say(room.id, from, text))
    },
    trigger: (event, options = {}) => {
      const act = Object.hasOwn(events, event) ? events[event] : undefined
      if (!act)
        throw new TypeError(
          `trigger: there is no event ${event}; there are ${Object.keys(events).join(', ')}`,
        )
      return after(() => act({ from: 'alice', ...options }))
    },
    get messages() {
      return seen()
    },
    get notifications() {
      return seen().filter(({ type }) => type === 'notification')
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
    glance: (key, { as = 'alice' } = {}) => visitor.glance(room.id, key, as),
    pushed: (key) =>
      server
        .glanceUpdates()
        .filter((update) => update.key === key && (update.roomId === undefined || update.roomId === room.id))
        .map(({ content }) => content),
    open: (key, { as = 'alice', ...options } = {}) => visitor.open(room.id, key, as, options),
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
