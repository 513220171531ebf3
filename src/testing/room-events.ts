import type { EventName } from '../api/events.ts'
import { type Checks, checkMembers, elsewhere } from '../option-checks.ts'
import type { HipChatServer, UserName } from '../server/index.ts'
import type { PageClient } from './page-client.ts'

/** What happens, and who does it. What an event has no use for is left alone. */
export interface TriggerOptions {
  /**
   * Mention name of who does it. Default `alice`; the administrator where rooms are made, deleted, archived or taken out of the
   * archive.
   */
  readonly from?: UserName
  /** What is said, also with a file; the new topic; the name of the new room. Default: something that says what it is. */
  readonly text?: string
  /** The file that is shared, `size` in bytes. Default: `notes.txt` of 1,234 bytes at an address that nobody serves. */
  readonly file?: { readonly name: string; readonly size?: number; readonly url?: string }
}

const triggerOptions: Checks<TriggerOptions> = { from: elsewhere, text: elsewhere, file: elsewhere }

/** Who does things unless somebody else is named. */
export const alice = 'alice'

/** How an event is made to happen. */
interface Act {
  /** Makes it possible, where it may not be. */
  before?(options: TriggerOptions): Promise<unknown>
  happens(options: TriggerOptions): Promise<unknown>
}

/** Finds out how an event is made to happen in a room. */
type RoomEvents = (
  event: EventName,
  options: TriggerOptions,
) => { before(): Promise<unknown>; happens(): Promise<unknown> }

/** The ten events, as people in a room make them happen. */
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
      throw new TypeError(`trigger: there is no event ${event}; there are ${Object.keys(events).join(', ')}`)
    checkMembers('room.trigger', options, triggerOptions, [])
    return { before: async () => act.before?.(options), happens: () => act.happens(options) }
  }
}
