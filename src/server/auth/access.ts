import { badRequest, forbidden, notFound } from '../errors.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import type { Session } from './callers.ts'
import { knowing, mayRun, maySee, type Viewer } from './room-rights.ts'

/**
 * The room a call names, by id or name. A private room that the calling user cannot see is not found; so its name
 * does not leak.
 */
export function findRoom(state: State, name: string | number, session: Session): RoomRecord {
  const room = visibleRoom(state, name, session)
  session.hold((now) => {
    const current = state.rooms.get(room.id)
    if (!current || !maySee(current, now)) throw notFound('Room', name)
  })
  return room
}

function visibleRoom(state: State, name: string | number, viewer: Viewer): RoomRecord {
  const room = state.rooms.find(String(name))
  if (!room || !maySee(room, viewer)) throw notFound('Room', name)
  return room
}

/** The room that somebody names who is no caller with a token: who gives a name and a password, for one. */
export function roomRunBy(user: UserRecord, name: string | number, state: State): RoomRecord {
  const room = visibleRoom(state, name, { user })
  if (!mayRun(room, user)) throw notRunning()
  return room
}

/** The same for a call that changes the room, or looks behind it: 403 for a user who does not run it. */
export function findRunRoom(state: State, name: string | number, session: Session): RoomRecord {
  const room = findRoom(state, name, session)
  requireRoomAdmin(state, room, session)
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

/** A user's token gives no more than the user himself may. Besides those who run a room there are the group's administrators. */
export function requireRoomAdmin(state: State, { id }: RoomRecord, session: Session): void {
  session.hold(({ user }) => {
    const room = state.rooms.get(id)
    if (user && !(room && mayRun(room, user))) throw notRunning()
  })
}

const notRunning = () => forbidden('Only administrators of the room and of the group may do this')

/** 400 for a public room: everybody may enter one, so that it has no members. */
export function requirePrivate(room: RoomRecord): void {
  if (room.privacy !== 'private')
    throw badRequest(`Room ${room.name} is public: only private rooms have members`)
}

/** The user a call has to do with, as somebody who calls knows them. */
export function findKnownUser(state: State, name: string | number, { user }: Session): UserRecord {
  const found = findUser(state, name)
  if (user && !knowing(user, state.rooms)(found)) throw notFound('User', name)
  return found
}

/** The first administrator. The server's own token is his. */
export const groupOwnerId = 1

/** The scope `admin_group` "is restricted from updating the group owner's profile", as its description says. */
export function protectGroupOwner(user: UserRecord, session: Session): void {
  if (user.id === groupOwnerId && session.user?.id !== groupOwnerId)
    throw forbidden('Only the owner of the group may change his own profile')
}

export function requireGroupAdmin(session: Session): void {
  session.hold(({ user }) => {
    if (user && !user.isAdmin) throw forbidden('Only administrators of the group may do this')
  })
}
