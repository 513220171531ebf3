import { largest, longest } from '../../api/bounds.ts'
import type { EventName } from '../../api/events.ts'
import { notification, text } from '../../api/operations/messages.ts'
import { privacies, roomName, topic as topicText } from '../../api/operations/rooms.ts'
import { randomText } from '../../common/random.ts'
import { closedObject, oneOf, optional, type Schema, string } from '../../common/schema.ts'
import { validate } from '../../common/validate.ts'
import { maySee } from '../auth/room-rights.ts'
import { receiveFile } from '../chat/files.ts'
import type { Context } from '../context.ts'
import { badRequest, CallRefusedError, invalid, notFound } from '../errors.ts'
import type { Author, RoomRecord, UserRecord } from '../state/records.ts'

/** An event that an administrator triggers. */
export interface TriggerRequest {
  readonly event: EventName
  /** Not needed for the creation of a room. */
  readonly room: RoomRecord | undefined
  /** Who acts, unless the values name another user. */
  readonly user: UserRecord
  readonly values: Readonly<Record<string, unknown>>
}

interface TriggerPlace {
  readonly room: RoomRecord
  readonly user: UserRecord
  readonly author: Author
  readonly context: Context
}

/** Checks the values of an event, and triggers it. */
type Trigger = (values: unknown, scene: TriggerPlace) => Promise<unknown>

const trigger =
  <V>(schema: Schema<V>, run: (values: V, scene: TriggerPlace) => Promise<unknown>): Trigger =>
  (values, scene) => {
    const checked = validate(schema, values)
    if (!checked.ok) throw invalid({ ...checked.problem, message: `values: ${checked.problem.message}` })
    return run(checked.value, scene)
  }

const actor = optional(
  string({
    minLength: 1,
    maxLength: longest.name,
    description: 'who acts: id, email address or mention name',
  }),
)
const justUser = closedObject({ user: actor })
const members = notification['properties'] as Readonly<Record<string, Schema>> // built by `object`

/** How each event is triggered: for real, through the same functions as the API. */
const triggers: Readonly<Record<EventName, Trigger>> = {
  room_message: trigger(
    closedObject({ user: actor, message: optional(text) }),
    ({ message = 'Hello from the command line' }, { room, user, context }) =>
      context.chat.say(room, user, message),
  ),

  room_notification: trigger(
    closedObject({
      user: actor,
      ...Object.fromEntries(Object.entries(members).map(([name, schema]) => [name, optional(schema)])),
    }),
    ({ user: _, ...given }, { room, author, context }) => {
      const checked = validate(notification, { message: 'Hello from the command line', ...given })
      if (!checked.ok) throw invalid(checked.problem)
      return context.chat.notify(room, author, checked.value)
    },
  ),

  room_enter: trigger(justUser, async (_, { room, user, context }) => {
    if (room.participants.includes(user.id)) throw conflict(`${user.name} is in ${room.name} already`)
    await context.chat.enter(room, user)
  }),

  room_exit: trigger(justUser, async (_, { room, user, context }) => {
    if (!room.participants.includes(user.id)) throw conflict(`${user.name} is not in ${room.name}`)
    await context.chat.leave(room, user)
  }),

  room_topic_change: trigger(
    closedObject({ user: actor, topic: optional(topicText) }),
    async ({ topic = `Set at ${new Date().toISOString()}` }, { room, author, context }) => {
      if (room.topic === topic) throw conflict(`This is the topic of ${room.name} already`)
      await context.chat.updateRoom(room, author, { topic })
    },
  ),

  room_file_upload: trigger(
    closedObject({
      user: actor,
      name: optional(string({ minLength: 1, maxLength: 255 })),
      content: optional(string({ maxLength: largest.values })),
      message: optional(string({ maxLength: 10_000 })),
    }),
    ({ name = 'notes.txt', content = 'Hello from the command line\n', message }, { room, user, context }) => {
      const { file, stored } = receiveFile({ name, content: Buffer.from(content) })
      return context.chat.shareFile(room, user, file, message, stored)
    },
  ),

  room_archived: trigger(justUser, async (_, { room, author, context }) => {
    if (room.isArchived) throw conflict(`${room.name} is archived already`)
    await context.chat.updateRoom(room, author, { isArchived: true })
  }),

  room_unarchived: trigger(justUser, async (_, { room, author, context }) => {
    if (!room.isArchived) throw conflict(`${room.name} is not archived`)
    await context.chat.updateRoom(room, author, { isArchived: false })
  }),

  room_created: trigger(
    closedObject({
      user: actor,
      name: optional(roomName),
      topic: optional(topicText),
      privacy: optional(oneOf(privacies)),
    }),
    ({ name = `Room ${randomText(6)}`, topic = '', privacy = 'public' }, { user, author, context }) =>
      context.chat.createRoom(author, {
        name,
        topic,
        privacy,
        ownerId: user.id,
        guestAccess: false,
        delegateAdminVisibility: null,
      }),
  ),

  room_deleted: trigger(justUser, (_, { room, author, context }) => context.chat.deleteRoom(room, author)),
}

/**
 * Triggers an event. Throws what the API would throw, 409 when nothing would change and so nothing would be
 * delivered, and 400 for values that the event does not have.
 */
export async function triggerEvent(
  { event, room, user: caller, values }: TriggerRequest,
  context: Context,
): Promise<void> {
  const user = typeof values['user'] === 'string' ? userBy(values['user'], context) : caller
  if (event !== 'room_created') {
    if (!room) throw badRequest('room_id is required for this event', 'room_id', { validation: 'required' })
    if (!maySee(room, { user })) throw notFound('Room', room.name)
  }
  // Only `room_created` does not use the room.
  const scene = { room: room as RoomRecord, user, author: { kind: 'user' as const, id: user.id }, context }
  await triggers[event](values, scene)
}

function userBy(name: string, { state: { people } }: Context): UserRecord {
  const user = people.find(name) ?? people.byMention(name)
  if (!user || user.isDeleted) throw notFound('User', name)
  return user
}

const conflict = (message: string): CallRefusedError => new CallRefusedError(409, message)
