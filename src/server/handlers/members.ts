import type { RoomMember } from '../../api/objects.ts'
import { findActiveUser, findRoom, findRunRoom, findUser, requirePrivate } from '../accounts/access.ts'
import { person, type Session } from '../accounts/session.ts'
import type { Handlers } from '../context.ts'
import { badRequest } from '../errors.ts'
import { parseExpansion } from '../rest/expanding.ts'
import { page } from '../rest/paging.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'

type MemberOperation =
  | 'getAllRoomParticipants'
  | 'getAllRoomMembers'
  | 'addRoomMember'
  | 'removeRoomMember'
  | 'inviteUserToRoom'

export const memberHandlers: Pick<Handlers, MemberOperation> = {
  getAllRoomParticipants(parameters, session, { state, present }) {
    const room = findRoom(state, parameters.id_or_name, session)
    const absent = parameters['include-offline'] && room.privacy === 'private' ? memberIds(room) : []
    const people = usersOf([...room.participants, ...absent], state)
    const whole = expandsItems(parameters.expand, session)
    return page(people, parameters, session.url, whole ? present.user : present.userReference)
  },

  getAllRoomMembers(parameters, session, { state, present }) {
    const room = findRoom(state, parameters.id_or_name, session)
    requirePrivate(room)
    const whole = expandsItems(parameters.expand, session)
    const item = (user: UserRecord): RoomMember => ({
      ...(whole ? present.user(user) : {}),
      ...present.member(user, room),
    })
    return page(usersOf(memberIds(room), state), parameters, session.url, item)
  },

  async addRoomMember(parameters, session, { state, chat }) {
    const room = findRunRoom(state, parameters.id_or_name, session)
    const user = findActiveUser(state, parameters.id_or_email)
    await chat.addMember(room, user, parameters.room_roles?.includes('room_admin'))
    return undefined
  },

  async removeRoomMember(parameters, session, { state, chat }) {
    const room = findRunRoom(state, parameters.id_or_name, session)
    await chat.removeMember(room, findUser(state, parameters.id_or_email))
    return undefined
  },

  /** An invitation arrives as a one-to-one message: how HipChat's clients were told of it was never published. */
  async inviteUserToRoom(parameters, session, { state, chat }) {
    const room = findRoom(state, parameters.id_or_name, session)
    if (room.privacy === 'private')
      throw badRequest(`Room ${room.name} is private: make the user a member of it instead`)
    const user = findActiveUser(state, parameters.id_or_email)
    const reason = parameters.reason === undefined ? '' : `: ${parameters.reason}`
    await chat.sayPrivately(person(session), user, {
      text: `You are invited to the room ${room.name}${reason}`,
      format: 'text',
      notify: true,
    })
    return undefined
  },
}

const memberIds = (room: RoomRecord): number[] => [room.ownerId, ...room.members]

/** Each once, without the deleted. */
const usersOf = (ids: readonly number[], state: State): UserRecord[] =>
  [...new Set(ids)].flatMap((id) => {
    const user = state.people.get(id)
    return user && !user.isDeleted ? [user] : []
  })

/** People are shown whole only to callers who may look at users themselves. */
const expandsItems = (expand: string | undefined, { scopes }: Session): boolean =>
  scopes.includes('view_group') && parseExpansion(expand).within('items') !== undefined
