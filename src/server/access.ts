import { forbidden, notFound } from './errors.ts'
import type { Session } from './session.ts'
import type { RoomRecord, UserRecord } from './state/records.ts'
import type { State } from './state/state.ts'

/**
 * The room a call names, by id or name. A private room that the calling user cannot see is not found; so its name
 * does not leak.
 */
export function findRoom(state: State, name: string | number, session: Session): RoomRecord {
  const room = state.rooms.find(String(name))
  if (!room || !maySee(room, session)) throw notFound('Room', name)
  return room
}

/** The user a call names, by id, email address or `@mention`. Deleted users are found: they are still shown. */
export function findUser(state: State, name: string | number): UserRecord {
  const user = state.people.find(String(name))
  if (!user) throw notFound('User', name)
  return user
}

/** Add-ons see every room they may name. Administrators see private rooms unless the room says otherwise. */
export function maySee(room: RoomRecord, { user }: Pick<Session, 'user'>): boolean {
  if (!user || room.privacy === 'public' || isMember(room, user)) return true
  return user.isAdmin && room.delegateAdminVisibility !== false
}

export const isMember = (room: RoomRecord, user: UserRecord): boolean =>
  room.ownerId === user.id || room.members.includes(user.id)

/** A user's token gives no more than the user himself may: rooms are run by their owner and by administrators. */
export function requireRoomAdmin(room: RoomRecord, { user }: Session): void {
  if (user && !user.isAdmin && room.ownerId !== user.id)
    throw forbidden('Only the owner of the room and administrators of the group may do this')
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
