import { maySee, runs } from '../accounts/access.ts'
import type { Presenter } from '../chat/presenting.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import type { PageRoom } from './api.ts'

/** A room as the page lists it for a user. */
export function shownRoom(room: RoomRecord, user: UserRecord, present: Presenter): PageRoom {
  const { avatar_url = null, last_active = null } = present.room(room)
  return {
    id: room.id,
    name: room.name,
    topic: room.topic,
    privacy: room.privacy,
    is_archived: room.isArchived,
    avatar_url,
    owner_id: room.ownerId,
    participants: [...room.participants],
    members: room.privacy === 'private' ? [...new Set([room.ownerId, ...room.members])] : null,
    runs: user.isAdmin || runs(room, user),
    last_active,
  }
}

/** The rooms that a user can see, by name. */
export const roomsOf = (user: UserRecord, state: State): RoomRecord[] =>
  state.rooms
    .all()
    .filter((room) => maySee(room, { user }))
    .sort((one, other) => one.name.localeCompare(other.name))
