import type { Room, RoomReference, UserReference } from '../../api/objects.ts'
import { createPace } from '../../common/next-turn.ts'
import { findRoom, findRunRoom } from '../auth/access.ts'
import { authorOf, type Caller } from '../auth/callers.ts'
import { maySee } from '../auth/room-rights.ts'
import type { Context, Handlers } from '../context.ts'
import { badRequest, forbidden } from '../errors.ts'
import { pageOfWalk } from '../http/paging.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'
import { type Expansion, parseExpansion } from './expansion.ts'

type RoomOperation =
  | 'getAllRooms'
  | 'createRoom'
  | 'getRoom'
  | 'updateRoom'
  | 'deleteRoom'
  | 'setRoomTopic'
  | 'getRoomStatistics'

export const roomHandlers: Pick<Handlers, RoomOperation> = {
  getAllRooms(parameters, caller, context) {
    const isListed = (room: RoomRecord) =>
      (parameters['include-private'] || room.privacy === 'public') &&
      (parameters['include-archived'] || !room.isArchived) &&
      maySee(room, caller)
    const show = listedRoom(parameters.expand, caller, context)
    return pageOfWalk(context.state.rooms.from, isListed, parameters, caller.url, show)
  },

  async createRoom(parameters, caller, context) {
    const { state, chat, present } = context
    const owner = ownerOf(parameters.owner_user_id, caller, context)
    const room = await chat.createRoom(authorOf(caller), {
      name: parameters.name,
      ownerId: owner.id,
      topic: parameters.topic ?? '',
      privacy: parameters.privacy ?? 'public',
      guestAccess: parameters.guest_access ?? false,
      delegateAdminVisibility: parameters.delegate_admin_visibility ?? null,
    })
    const inside = parseExpansion(parameters.expand).within('entity')
    const current = state.rooms.get(room.id) ?? room
    return {
      id: room.id,
      name: room.name,
      links: { self: present.roomReference(room).links?.self ?? '' },
      ...(inside ? { entity: await fullRoom(current, inside, caller, context) } : {}),
    }
  },

  getRoom(parameters, caller, context) {
    const room = findRoom(context.state, parameters.id_or_name, caller)
    return fullRoom(room, parseExpansion(parameters.expand), caller, context)
  },

  async updateRoom(parameters, caller, context) {
    const { state, chat } = context
    const room = findRunRoom(state, parameters.id_or_name, caller)
    const ownerId = parameters.owner?.id
    const owner = ownerId === undefined ? undefined : ownerOf(String(ownerId), caller, context, 'owner.id')
    await chat.updateRoom(room, authorOf(caller), {
      ...(parameters.name === undefined ? {} : { name: parameters.name }),
      ...(parameters.topic === undefined ? {} : { topic: parameters.topic }),
      ...(parameters.privacy === undefined ? {} : { privacy: parameters.privacy }),
      ...(parameters.is_archived === undefined ? {} : { isArchived: parameters.is_archived }),
      ...(parameters.is_guest_accessible === undefined
        ? {}
        : { guestAccess: parameters.is_guest_accessible }),
      ...(parameters.delegate_admin_visibility === undefined
        ? {}
        : { delegateAdminVisibility: parameters.delegate_admin_visibility }),
      ...(owner ? { ownerId: owner.id } : {}),
    })
    return undefined
  },

  async deleteRoom(parameters, caller, { state, chat }) {
    const room = findRunRoom(state, parameters.id_or_name, caller)
    await chat.deleteRoom(room, authorOf(caller))
    return undefined
  },

  /** In HipChat's clients everyone in a room could change its topic, so a user need not run the room. */
  async setRoomTopic({ id_or_name, topic }, caller, { state, chat }) {
    await chat.updateRoom(findRoom(state, id_or_name, caller), authorOf(caller), { topic })
    return undefined
  },

  getRoomStatistics({ id_or_name }, caller, { state, present }) {
    return present.statistics(findRoom(state, id_or_name, caller))
  },
}

function ownerOf(
  name: string | undefined,
  caller: Caller,
  { state }: Context,
  field = 'owner_user_id',
): UserRecord {
  if (name === undefined && !caller.user)
    throw badRequest('owner_user_id is required: an add-on cannot own a room', field, {
      validation: 'required',
    })
  const user = name === undefined ? caller.user : state.people.find(name)
  if (!user || user.isDeleted) throw badRequest(`User ${name} not found`, field)
  if (user.isGuest) throw forbidden('A guest cannot own a room')
  return user
}

/** A room in a list: a reference, or the whole room when `items` are expanded. */
export function listedRoom(
  expand: string | undefined,
  caller: Caller,
  context: Context,
): (room: RoomRecord) => RoomReference | Promise<RoomReference> {
  const inside = parseExpansion(expand).within('items')
  return (room) => (inside ? fullRoom(room, inside, caller, context) : context.present.roomReference(room))
}

const peoplePerTurn = 25

/**
 * The whole room. Its people are expanded only for callers who may read users themselves; a few are built in each
 * turn.
 */
async function fullRoom(
  room: RoomRecord,
  expand: Expansion,
  { scopes }: Caller,
  { state, present }: Context,
): Promise<Room> {
  const showFor = (name: string): ((user: UserRecord) => UserReference) =>
    scopes.includes('view_group') && expand.within(name) ? present.user : present.userReference
  const owner = state.people.get(room.ownerId)
  const show = showFor('participants')
  const participants: UserReference[] = []
  const pace = createPace(peoplePerTurn)
  for (const id of room.participants) {
    const user = state.people.get(id)
    if (user) participants.push(show(user))
    await pace()
  }
  return { ...present.room(room), ...(owner ? { owner: showFor('owner')(owner) } : {}), participants }
}
