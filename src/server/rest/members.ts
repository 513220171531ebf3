import type { RoomMember } from '../../api/objects.ts'
import { findActiveUser, findRoom, findRunRoom, findUser, requirePrivate } from '../auth/access.ts'
import { type Caller, person } from '../auth/callers.ts'
import type { Handlers } from '../context.ts'
import { badRequest } from '../errors.ts'
import { page } from '../http/paging.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { parseExpansion } from './expansion.ts'

type MemberOperation =
  | 'getAllRoomParticipants'
  | 'getAllRoomMembers'
  | 'addRoomMember'
  | 'removeRoomMember'
  | 'inviteUserToRoom'

export const memberHandlers: Pick<Handlers, MemberOperation> = {
  getAllRoomParticipants(parameters, caller, { state, present }) {
    const room = findRoom(state, parameters.id_or_name, caller)
    const absent = parameters['include-offline'] && room.privacy === 'private' ? memberIds(room, state) : []
    const show = expandsItems(parameters.expand, caller) ? present.user : present.userReference
    const ids = [...new Set([...room.participants, ...absent])]
    return page(ids, parameters, caller.url, (id) => show(findUser(state, id)))
  },

  getAllRoomMembers(parameters, caller, { state, present }) {
    const room = findRoom(state, parameters.id_or_name, caller)
    requirePrivate(room)
    const whole = expandsItems(parameters.expand, caller)
    const item = (user: UserRecord): RoomMember => ({
      ...(whole ? present.user(user) : {}),
      ...present.member(user, room),
    })
    const ids = [...new Set(memberIds(room, state))]
    return page(ids, parameters, caller.url, (id) => item(findUser(state, id)))
  },

  async addRoomMember(parameters, caller, { state, chat }) {
    const room = findRunRoom(state, parameters.id_or_name, caller)
    const user = findActiveUser(state, parameters.id_or_email)
    await chat.addMember(room, user, parameters.room_roles?.includes('room_admin'))
    return undefined
  },

  async removeRoomMember(parameters, caller, { state, chat }) {
    const room = findRunRoom(state, parameters.id_or_name, caller)
    await chat.removeMember(room, findUser(state, parameters.id_or_email))
    return undefined
  },

  /** An invitation arrives as a one-to-one message: how HipChat notified its clients was never published. */
  async inviteUserToRoom(parameters, caller, { state, chat }) {
    const room = findRoom(state, parameters.id_or_name, caller)
    if (room.privacy === 'private')
      throw badRequest(`Room ${room.name} is private: make the user a member of it instead`)
    const user = findActiveUser(state, parameters.id_or_email)
    const reason = parameters.reason === undefined ? '' : `: ${parameters.reason}`
    await chat.sayPrivately(person(caller), user, {
      text: `You are invited to the room ${room.name}${reason}`,
      format: 'text',
      notify: true,
    })
    return undefined
  },
}

/** Deleted users are left out, except an owner. */
const memberIds = ({ ownerId, members }: RoomRecord, { people }: State): number[] =>
  people.get(ownerId)?.isDeleted ? members.filter((id) => id !== ownerId) : [ownerId, ...members]

/** Users are expanded only for callers who may read users themselves. */
const expandsItems = (expand: string | undefined, { scopes }: Caller): boolean =>
  scopes.includes('view_group') && parseExpansion(expand).within('items') !== undefined
