import type { RoomRecord, UserRecord } from '../state/records.ts'
import type { Rooms } from '../state/rooms.ts'

/** The part of a caller that decides which rooms they can see. */
export interface Viewer {
  /** Absent for an add-on and for the holder of a room's token. */
  readonly user?: UserRecord | undefined
  /** The only room that the caller may name. */
  readonly roomId?: number
}

/**
 * Whether a caller can see a room. Administrators see private rooms unless the room says otherwise, and so do the
 * add-ons that they install for the group, which have no more rights than their installer. A caller that is bound
 * to a room sees that room. Guests see the rooms that they were added to, and the public rooms that are open to
 * guests.
 */
export function maySee(room: RoomRecord, { user, roomId }: Viewer): boolean {
  if (!user) return roomId === room.id || room.privacy === 'public' || isOpenToAdmins(room)
  if (isMember(room, user)) return true
  if (user.isGuest) return room.privacy === 'public' && room.guestAccess
  return room.privacy === 'public' || (user.isAdmin && isOpenToAdmins(room))
}

const isOpenToAdmins = (room: RoomRecord): boolean => room.delegateAdminVisibility !== false

/** Whether a user owns the room or is one of its members. */
export const isMember = (room: RoomRecord, user: UserRecord): boolean =>
  room.ownerId === user.id || isAmong(room.members, user.id)

/** Whether a user is in a room now. */
export const isInside = (room: RoomRecord, user: Pick<UserRecord, 'id'>): boolean =>
  isAmong(room.participants, user.id)

const sets = new WeakMap<readonly number[], ReadonlySet<number>>()
const manyIds = 50

/** Called for each open page and record, so the set of a long list is built once. */
function isAmong(ids: readonly number[], id: number): boolean {
  if (ids.length < manyIds) return ids.includes(id)
  const set = sets.get(ids) ?? new Set(ids)
  sets.set(ids, set)
  return set.has(id)
}

/** Whether a user runs the room: as its owner, or as a member with the role `room_admin`. */
export const runs = (room: RoomRecord, user: UserRecord): boolean =>
  room.ownerId === user.id || (room.admins ?? []).includes(user.id)

/**
 * Whether a user may do what those who run a room may: they themselves, and the group's administrators. Never
 * guests.
 */
export const mayRun = (room: RoomRecord, user: UserRecord): boolean =>
  !user.isGuest && (user.isAdmin || runs(room, user))

/**
 * Whether a viewer may know of a person: guests know the people in the rooms that they see, and no others. The
 * viewer's rooms are looked up once for all people.
 */
export function knowing(
  viewer: UserRecord,
  rooms: Pick<Rooms, 'idsForGuest' | 'idsAround'>,
): (other: Pick<UserRecord, 'id'>) => boolean {
  if (!viewer.isGuest) return () => true
  const seen = rooms.idsForGuest(viewer.id)
  return ({ id }) => {
    if (id === viewer.id) return true
    for (const roomId of rooms.idsAround(id)) if (seen.has(roomId)) return true
    return false
  }
}
