import type { EventName } from '../api/events.ts'
import { type Checks, elsewhere } from '../common/checks.ts'
import { checkOptions } from '../option-checks.ts'
import type { HipChatServer, UserName } from '../server/index.ts'
import type { PageClient } from './page-client.ts'

/** Options of an event. An event ignores the options that it does not need. */
export interface TriggerOptions {
  /**
   * Mention name of the person who causes the event. Default `alice`; the administrator for rooms that are created, deleted,
   * archived or unarchived.
   */
  readonly from?: UserName
  /** The text of the message or with the file, the new topic, or the name of the new room. Default: a text for the event. */
  readonly text?: string
  /** The shared file, with `size` in bytes. Default: `notes.txt` of 1,234 bytes at an address that does not exist. */
  readonly file?: { readonly name: string; readonly size?: number; readonly url?: string }
}

const triggerOptions: Checks<TriggerOptions> = { from: elsewhere, text: elsewhere, file: elsewhere }

/** The person who acts by default. */
export const alice = 'alice'

/** The way to cause an event. */
interface Act {
  /** Makes the event possible, if necessary. */
  before?(options: TriggerOptions): Promise<unknown>
  happens(options: TriggerOptions): Promise<unknown>
}

/** Returns the way to cause an event in a room. */
type RoomEvents = (
  event: EventName,
  options: TriggerOptions,
) => { before(): Promise<unknown>; happens(): Promise<unknown> }

/** The ten events, as people in a room cause them. */
export function createRoomEvents(
  server: HipChatServer,
  pageClient: PageClient,
  room: { readonly id: number },
): RoomEvents {
  const asAdministrator = (event: EventName, { from, text }: TriggerOptions) =>
    pageClient.trigger(event, room.id, {
      ...(from === undefined ? {} : { user: String(from) }),
      ...(text === undefined || event !== 'room_created' ? {} : { name: text }),
    })

  const events: Readonly<Record<EventName, Act>> = {
    room_message: {
      happens: ({ from = alice, text = 'Hello' }) => server.say(room.id, from, text),
    },
    room_notification: {
      happens: ({ from = alice, text = 'Hello' }) =>
        server.notify(room.id, from, { message: text, message_format: 'text' }),
    },
    room_enter: {
      before: ({ from = alice }) => server.leave(room.id, from),
      happens: ({ from = alice }) => server.enter(room.id, from),
    },
    room_exit: {
      before: ({ from = alice }) => server.enter(room.id, from),
      happens: ({ from = alice }) => server.leave(room.id, from),
    },
    room_topic_change: {
      happens: ({ from = alice, text = `Topic ${server.history(room.id).length}` }) =>
        server.setTopic(room.id, from, text),
    },
    room_file_upload: {
      happens: ({ from = alice, text, file }) =>
        server.shareFile(room.id, from, {
          url: 'https://files.example.com/notes.txt',
          size: 1234,
          name: 'notes.txt',
          ...file,
          ...(text === undefined ? {} : { message: text }),
        }),
    },
    room_archived: { happens: (options) => asAdministrator('room_archived', options) },
    room_unarchived: {
      async before() {
        if (!(await pageClient.isArchived(room.id))) await asAdministrator('room_archived', {})
      },
      happens: (options) => asAdministrator('room_unarchived', options),
    },
    room_created: { happens: (options) => asAdministrator('room_created', options) },
    room_deleted: { happens: (options) => asAdministrator('room_deleted', options) },
  }

  return (event, options) => {
    const act = Object.hasOwn(events, event) ? events[event] : undefined
    if (!act)
      throw new TypeError(
        `trigger: ${event} is not an event; expected one of ${Object.keys(events).join(', ')}`,
      )
    checkOptions('room.trigger', options, triggerOptions)
    return { before: async () => act.before?.(options), happens: () => act.happens(options) }
  }
}
