import { badRequest, forbidden, notFound } from '../errors.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import type { Caller } from './callers.ts'
import { knowing, mayRun, maySee, type Viewer } from './room-rights.ts'

/**
 * Finds the room that a call names, by id or name. A private room that the calling user cannot see is reported as
 * not found, so that its name does not leak.
 */
export function findRoom(state: State, name: string | number, caller: Caller): RoomRecord {
  const room = visibleRoom(state, name, caller)
  caller.hold((now) => {
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

/** Finds a room that a user runs, for a caller without a token: one who gives a name and password, for example. */
export function roomRunBy(user: UserRecord, name: string | number, state: State): RoomRecord {
  const room = visibleRoom(state, name, { user })
  if (!mayRun(room, user)) throw notRunning()
  return room
}

/** The same for a call that changes the room or reads its settings: 403 for a user who does not run it. */
export function findRunRoom(state: State, name: string | number, caller: Caller): RoomRecord {
  const room = findRoom(state, name, caller)
  requireRoomAdmin(state, room, caller)
  return room
}

/**
 * Finds the user that a call names, by id, email address or `@mention`. Includes deleted users, which are still
 * shown.
 */
export function findUser(state: State, name: string | number): UserRecord {
  const user = state.people.find(String(name))
  if (!user) throw notFound('User', name)
  return user
}

/** The same for a call that acts on a user: a deleted user is not found. */
export function findActiveUser(state: State, name: string | number): UserRecord {
  const user = findUser(state, name)
  if (user.isDeleted) throw notFound('User', name)
  return user
}

/**
 * A user's token gives no more rights than the user has. A room is run by its administrators and by those of the
 * group.
 */
export function requireRoomAdmin(state: State, { id }: RoomRecord, caller: Caller): void {
  caller.hold(({ user }) => {
    const room = state.rooms.get(id)
    if (user && !(room && mayRun(room, user))) throw notRunning()
  })
}

const notRunning = () => forbidden('Only administrators of the room and of the group may do this')

/** 400 for a public room: anyone may enter one, so it has no members. */
export function requirePrivate(room: RoomRecord): void {
  if (room.privacy !== 'private')
    throw badRequest(`Room ${room.name} is public: only private rooms have members`)
}

/** Finds a user that the caller may know of. */
export function findKnownUser(state: State, name: string | number, { user }: Caller): UserRecord {
  const found = findUser(state, name)
  if (user && !knowing(user, state.rooms)(found)) throw notFound('User', name)
  return found
}

/** Id of the first administrator, to whom the server's own token belongs. */
export const groupOwnerId = 1

/** The scope `admin_group` "is restricted from updating the group owner's profile", as its description says. */
export function protectGroupOwner(user: UserRecord, caller: Caller): void {
  if (user.id === groupOwnerId && caller.user?.id !== groupOwnerId)
    throw forbidden('Only the owner of the group may change their own profile')
}

/** 403 for a caller who does not administer the group. */
export function requireGroupAdmin(caller: Caller): void {
  caller.hold(({ user }) => {
    if (user && !user.isAdmin) throw forbidden('Only administrators of the group may do this')
  })
}

/** Administrators install add-ons for the group; in a room, its owner may too. */
export function requireInstallRights(state: State, room: RoomRecord | undefined, caller: Caller): void {
  if (room) {
    requireRoomAdmin(state, room, caller)
    return
  }
  caller.hold(({ scopes }) => {
    if (!scopes.includes('admin_group'))
      throw forbidden('This action requires the scope admin_group unless it names a room')
  })
  requireGroupAdmin(caller)
}
