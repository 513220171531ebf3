import { isInside, mayRun } from '../auth/room-rights.ts'
import type { Presenter } from '../chat/api-objects.ts'
import { formatSeconds } from '../dates.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import type { PageRoom, PageUser } from './routes.ts'

/** The members of a room that differ between users. */
export const placeIn = (room: RoomRecord, user: UserRecord): Pick<PageRoom, 'runs' | 'is_inside'> => ({
  runs: mayRun(room, user),
  is_inside: isInside(room, user),
})

/** A room as the page lists it for a user; its size does not depend on the number of people. */
export function shownRoom(
  room: RoomRecord,
  user: UserRecord,
  { rooms }: Pick<State, 'rooms'>,
  present: Presenter,
): PageRoom {
  const { lastActive } = rooms.statistics(room.id)
  return {
    id: room.id,
    name: room.name,
    topic: room.topic,
    privacy: room.privacy,
    is_archived: room.isArchived,
    avatar_url: present.pictureUrl(room.avatar),
    owner_id: room.ownerId,
    participants: room.participants.length,
    ...placeIn(room, user),
    last_active: lastActive === null ? null : formatSeconds(lastActive),
  }
}

/** A person as the page shows them to a user: guests get no email addresses. */
export function shownPerson(person: UserRecord, viewer: UserRecord, present: Presenter): PageUser {
  const whole = present.user(person)
  if (!viewer.isGuest) return whole
  const { email: _, ...rest } = whole
  return rest
}
