import { badRequest, forbidden, notFound } from '../errors.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import type { Session } from './session.ts'

/**
 * The room a call names, by id or name. A private room that the calling user cannot see is not found; so its name
 * does not leak.
 */
export function findRoom(state: State, name: string | number, session: Session): RoomRecord {
  const room = state.rooms.find(String(name))
  if (!room || !maySee(room, session)) throw notFound('Room', name)
  return room
}

/** The same for a call that changes the room, or looks behind it: 403 for a user who does not run it. */
export function findRunRoom(state: State, name: string | number, session: Session): RoomRecord {
  const room = findRoom(state, name, session)
  requireRoomAdmin(room, session)
  return room
}

/** The user a call names, by id, email address or `@mention`. Deleted users are found: they are still shown. */
export function findUser(state: State, name: string | number): UserRecord {
  const user = state.people.find(String(name))
  if (!user) throw notFound('User', name)
  return user
}

/** The same for a call that does something to or with a user: a deleted one is not found. */
export function findActiveUser(state: State, name: string | number): UserRecord {
  const user = findUser(state, name)
  if (user.isDeleted) throw notFound('User', name)
  return user
}

/** Add-ons see every room they may name. Administrators see private rooms unless the room says otherwise. */
export function maySee(room: RoomRecord, { user }: Pick<Session, 'user'>): boolean {
  if (!user || room.privacy === 'public' || isMember(room, user)) return true
  return user.isAdmin && room.delegateAdminVisibility !== false
}

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

/** A user's token gives no more than the user himself may. Besides those who run a room there are the group's administrators. */
export function requireRoomAdmin(room: RoomRecord, { user }: Session): void {
  if (user && !user.isAdmin && !runs(room, user))
    throw forbidden('Only administrators of the room and of the group may do this')
}

/** 400 for a public room: everybody may enter one, so that it has no members. */
export function requirePrivate(room: RoomRecord): void {
  if (room.privacy !== 'private')
    throw badRequest(`Room ${room.name} is public: only private rooms have members`)
}

/** The first administrator. The server's own token is his. */
export const groupOwnerId = 1

/** The scope `admin_group` "is restricted from updating the group owner's profile", as its description says. */
export function protectGroupOwner(user: UserRecord, session: Session): void {
  if (user.id === groupOwnerId && session.user?.id !== groupOwnerId)
    throw forbidden('Only the owner of the group may change his own profile')
}

export function requireGroupAdmin({ user }: Session): void {
  if (user && !user.isAdmin) throw forbidden('Only administrators of the group may do this')
}
