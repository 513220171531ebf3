import type { ApiCall } from '../addons/api-call-log.ts'
import type { Written } from '../state/change-notes.ts'
import type {
  ClientRecord,
  GlanceUpdateRecord,
  MessageRecord,
  PrivateMessageRecord,
  RoomRecord,
  UserRecord,
} from '../state/records.ts'
import type { State } from '../state/state.ts'

/** A change that open pages may have to show. Rooms and users are looked up when the change is sent. */
export type Change =
  | { readonly kind: 'message'; readonly message: MessageRecord }
  | { readonly kind: 'private message'; readonly message: PrivateMessageRecord }
  /** `before`: the room as it was, when it may have become hidden from a user. */
  | { readonly kind: 'room'; readonly id: number; readonly before?: RoomRecord }
  | {
      readonly kind: 'participant'
      readonly roomId: number
      readonly userId: number
      readonly isHere: boolean
    }
  | { readonly kind: 'user' | 'presence'; readonly id: number }
  /** What a user may see has changed: their pages reload. */
  | { readonly kind: 'rights'; readonly userId: number }
  | { readonly kind: 'integrations'; readonly roomId: number | null }
  | { readonly kind: 'glance'; readonly update: GlanceUpdateRecord }
  | { readonly kind: 'delivery'; readonly id: number }
  | { readonly kind: 'call'; readonly call: ApiCall }

/** The changes of one transaction, each room and user once: a page gets their final state. */
export function changesIn(written: readonly Written[], state: Pick<State, 'rooms'>): Change[] {
  const found = new Map<string, Change>()
  const removedRooms = new Set(
    written.flatMap(({ table, key, record }) =>
      table === 'room' && record === undefined ? [Number(key[0])] : [],
    ),
  )
  written.forEach((one, index) => {
    for (const change of changesOf(one, removedRooms, state)) found.set(keyOf(change, index), change)
  })
  return [...found.values()]
}

function keyOf(change: Change, index: number): string {
  switch (change.kind) {
    case 'user':
    case 'presence':
      return `${change.kind} ${change.id}`
    case 'room':
      // Kept separately each time, so that users who lost sight of the room are notified.
      return change.before ? `room ${change.id} ${index}` : `room ${change.id}`
    case 'participant':
      return `participant ${change.roomId} ${change.userId}`
    case 'integrations':
      return `integrations ${change.roomId}`
    default:
      return `${change.kind} ${index}`
  }
}

/** A table is written only by its own functions, with records of its own type. */
function changesOf(
  { table, key, record, before }: Written,
  removedRooms: ReadonlySet<number>,
  state: Pick<State, 'rooms'>,
): Change[] {
  const [first, second] = key.map(Number)
  const id = first ?? 0
  switch (table) {
    case 'room':
      return [roomChange(id, before as RoomRecord | undefined, record as RoomRecord | undefined)]
    case 'presence':
      return presenceChanges(id, second ?? 0, record !== undefined, removedRooms, state)
    case 'user':
      return userChanges(id, before as UserRecord | undefined, record as UserRecord | undefined)
    case 'client':
      return [{ kind: 'integrations', roomId: ((record ?? before) as ClientRecord).roomId }]
  }
  if (record === undefined) return []
  switch (table) {
    case 'message':
      return [{ kind: 'message', message: record as MessageRecord }]
    case 'private':
      return [{ kind: 'private message', message: record as PrivateMessageRecord }]
    case 'glanceUpdate':
      return [{ kind: 'glance', update: (record as { readonly record: GlanceUpdateRecord }).record }]
    default:
      return []
  }
}

function roomChange(id: number, before: RoomRecord | undefined, after: RoomRecord | undefined): Change {
  if (!before || (after && isOpenAlike(before, after))) return { kind: 'room', id }
  return { kind: 'room', id, before }
}

const isOpenAlike = (one: RoomRecord, other: RoomRecord): boolean =>
  one.privacy === other.privacy &&
  one.ownerId === other.ownerId &&
  one.delegateAdminVisibility === other.delegateAdminVisibility &&
  one.guestAccess === other.guestAccess &&
  one.members.length === other.members.length &&
  one.members.every((id, index) => id === other.members[index])

/** A user who enters their first room becomes present; one who leaves their last room is no longer present. */
function presenceChanges(
  userId: number,
  roomId: number,
  isHere: boolean,
  removedRooms: ReadonlySet<number>,
  { rooms }: Pick<State, 'rooms'>,
): Change[] {
  const isElsewhere = rooms.presencesOf(userId) > (isHere ? 1 : 0)
  return [
    ...(removedRooms.has(roomId) ? [] : [{ kind: 'participant', roomId, userId, isHere } as const]),
    ...(isElsewhere ? [] : [{ kind: 'presence', id: userId } as const]),
  ]
}

function userChanges(id: number, before: UserRecord | undefined, after: UserRecord | undefined): Change[] {
  if (!before || !after) return [{ kind: 'user', id }]
  // Records have no members but those of their type.
  const isPresenceOnly = (Object.keys({ ...before, ...after }) as (keyof UserRecord)[]).every(
    (member) =>
      member === 'presence' ||
      member === 'version' ||
      JSON.stringify(before[member]) === JSON.stringify(after[member]),
  )
  const sees = before.isAdmin === after.isAdmin && before.isGuest === after.isGuest
  return [
    { kind: isPresenceOnly ? 'presence' : 'user', id },
    ...(sees ? [] : [{ kind: 'rights', userId: id } as const]),
  ]
}

/** Approximate memory of a change and its events, in bytes. */
export function sizeOf(change: Change): number {
  const usual = 1_000
  if (change.kind === 'message' || change.kind === 'private message') {
    const { text } = change.message
    const card = 'card' in change.message ? (change.message.card?.length ?? 0) : 0
    return usual + 3 * (text.length + card)
  }
  if (change.kind === 'glance') return usual + 3 * JSON.stringify(change.update.content).length
  if (change.kind === 'room') return usual + 8 * (change.before?.members.length ?? 0)
  return usual
}
