import { findRoom } from '../auth/access.ts'
import { person } from '../auth/callers.ts'
import { isInside, maySee } from '../auth/room-rights.ts'
import type { Presenter } from '../chat/api-objects.ts'
import type { Handler } from '../context.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'
import type { PageContext } from './context.ts'
import { entryAt, knownBy, peoplePart, roomsPart } from './lists.ts'
import { shownPerson, shownRoom } from './page-objects.ts'
import type { PageUser, pageApi } from './routes.ts'

type Lists = Pick<typeof pageApi, 'getStart' | 'getPeople' | 'getRooms' | 'getRoomPeople'>

const partLength = 100
const mostOwnRooms = 200

const idsIn = (text: string): number[] => [...new Set(text.split(',').map(Number))]

/** The lists of the page. No answer grows with the group: the page asks for further parts. */
export const pageListHandlers: { readonly [Id in keyof Lists]: Handler<Lists[Id], PageContext> } = {
  async getStart(_parameters, caller, { state, present, feed }) {
    const user = person(caller)
    const group = state.group()
    const { id = 0, name = '' } = group ?? {}
    const cursor = feed.cursor() // taken first, so that changes during the lookups are sent later
    const people = await peoplePart(state, user, undefined, partLength)
    const others = await roomsPart(state, user, { limit: partLength })
    const own = state.rooms.of(user.id, mostOwnRooms).filter((room) => maySee(room, { user }))
    const rooms = new Map([...own, ...others.items].map((room) => [room.id, room]))
    return {
      cursor,
      user_id: user.id,
      group: { id, name, avatar_url: group ? present.pictureUrl(group.avatar) : null },
      people: [user, ...people.items.filter((one) => one.id !== user.id)].map(shownTo(user, present)),
      next_people: people.next,
      rooms: [...rooms.values()].map((room) => shownRoom(room, user, state, present)),
      next_rooms: others.next,
      emoticons: state.emoticons().map(present.emoticon),
    }
  },

  async getPeople({ ids, name, after }, caller, { state, present }) {
    const user = person(caller)
    const shown = shownTo(user, present)
    if (ids !== undefined || name !== undefined) {
      const found =
        ids === undefined
          ? state.people.beginning(name ?? '', partLength)
          : idsIn(ids).flatMap((id) => state.people.get(id) ?? [])
      return { items: (await knownBy(user, state, found)).map(shown), next: null }
    }
    const { items, next } = await peoplePart(state, user, entryAt(after), partLength)
    return { items: items.map(shown), next }
  },

  async getRooms({ ids, name, after }, caller, { state, present }) {
    const user = person(caller)
    const shown = (room: RoomRecord) => shownRoom(room, user, state, present)
    if (ids !== undefined) {
      const found = idsIn(ids).flatMap((id) => state.rooms.get(id) ?? [])
      return { items: found.filter((room) => maySee(room, { user })).map(shown), next: null }
    }
    const { items, next } = await roomsPart(state, user, {
      beginning: name,
      after: entryAt(after),
      limit: partLength,
    })
    return { items: items.map(shown), next }
  },

  getRoomPeople({ room_id, absent = false, after = 0 }, caller, { state, present }) {
    const room = findRoom(state, room_id, caller)
    const ids = absent ? absentFrom(room) : room.participants
    const end = after + partLength
    const items = ids.slice(after, end).flatMap((id) => state.people.get(id) ?? [])
    return {
      items: items.filter(({ isDeleted }) => !isDeleted).map(shownTo(person(caller), present)),
      total: ids.length,
      next: end < ids.length ? end : null,
    }
  },
}

const shownTo =
  (viewer: UserRecord, present: Presenter) =>
  (one: UserRecord): PageUser =>
    shownPerson(one, viewer, present)

/** Members of a private room who are not in it now. */
const absentFrom = (room: RoomRecord): number[] =>
  room.privacy === 'private'
    ? [...new Set([room.ownerId, ...room.members])].filter((id) => !isInside(room, { id }))
    : []
