import type { RoomRecord, UserRecord } from '../state/records.ts'
import type { Rooms } from '../state/rooms.ts'

/** Of a caller what decides which rooms there are for it. */
export interface Viewer {
  /** None: an add-on, or whoever holds the token of a room. */
  readonly user?: UserRecord | undefined
  /** The only room that it may name. */
  readonly roomId?: number
}

/**
 * Whether there is a room for somebody. Administrators see private rooms unless the room says otherwise, and so do the
 * add-ons that they install for the group: these are no stronger than who installs them. What is bound to a room sees
 * that room. Guests see the rooms that they are let into, and the public ones that are open to guests.
 */
export function maySee(room: RoomRecord, { user, roomId }: Viewer): boolean {
  if (!user) return roomId === room.id || room.privacy === 'public' || isOpenToAdmins(room)
  if (isMember(room, user)) return true
  if (user.isGuest) return room.privacy === 'public' && room.guestAccess
  return room.privacy === 'public' || (user.isAdmin && isOpenToAdmins(room))
}

const isOpenToAdmins = (room: RoomRecord): boolean => room.delegateAdminVisibility !== false

export const isMember = (room: RoomRecord, user: UserRecord): boolean =>
  room.ownerId === user.id || isAmong(room.members, user.id)

/** Whether a user is in a room now. */
export const isInside = (room: RoomRecord, user: Pick<UserRecord, 'id'>): boolean =>
  isAmong(room.participants, user.id)

const sets = new WeakMap<readonly number[], ReadonlySet<number>>()
const manyIds = 50

/** A record is asked for each page that is open: the set of a long list is made once. */
function isAmong(ids: readonly number[], id: number): boolean {
  if (ids.length < manyIds) return ids.includes(id)
  const set = sets.get(ids) ?? new Set(ids)
  sets.set(ids, set)
  return set.has(id)
}

/** Whether a user runs the room: as its owner, or as a member with the role `room_admin`. */
export const runs = (room: RoomRecord, user: UserRecord): boolean =>
  room.ownerId === user.id || (room.admins ?? []).includes(user.id)

/** Whether a user may do what those who run a room may: they themselves, and the group's administrators. Guests never. */
export const mayRun = (room: RoomRecord, user: UserRecord): boolean =>
  !user.isGuest && (user.isAdmin || runs(room, user))

/**
 * Whether there is a person for somebody: guests know whoever is in the rooms that they see, and nobody else. Their rooms are looked
 * up once, for all who are asked about.
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
