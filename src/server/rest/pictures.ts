import {
  findActiveUser,
  findRoom,
  findRunRoom,
  findUser,
  protectGroupOwner,
  requireGroupAdmin,
} from '../auth/access.ts'
import { picturePath, readPicture } from '../chat/pictures.ts'
import type { Context, Handlers } from '../context.ts'
import { notFound } from '../errors.ts'
import type { PictureRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { findGroup } from './groups.ts'

type PictureOperation =
  | 'getRoomAvatar'
  | 'updateRoomAvatar'
  | 'deleteRoomAvatar'
  | 'getUserPhoto'
  | 'updateUserPhoto'
  | 'deleteUserPhoto'
  | 'getGroupAvatar'
  | 'updateGroupAvatar'
  | 'deleteGroupAvatar'

export const pictureHandlers: Pick<Handlers, PictureOperation> = {
  getRoomAvatar({ id_or_name }, caller, context) {
    const { avatar } = findRoom(context.state, id_or_name, caller)
    return addressOf(avatar, 'Avatar of room', id_or_name, context)
  },

  async updateRoomAvatar({ id_or_name, avatar }, caller, { state }) {
    const room = findRunRoom(state, id_or_name, caller)
    await replace(state, readPicture(avatar, 'avatar'), (id) => {
      const current = state.rooms.get(room.id)
      if (!current) throw notFound('Room', id_or_name)
      state.rooms.change(current, { avatar: id })
      return current.avatar
    })
    return undefined
  },

  async deleteRoomAvatar({ id_or_name }, caller, { state }) {
    const room = findRunRoom(state, id_or_name, caller)
    await replace(state, undefined, () => {
      const current = state.rooms.get(room.id)
      if (!current?.avatar) throw notFound('Avatar of room', id_or_name)
      state.rooms.change(current, { avatar: null })
      return current.avatar
    })
    return undefined
  },

  /** Pictures are stored unchanged: both sizes are the same picture. */
  getUserPhoto({ id_or_email }, _session, context) {
    const { photo } = findUser(context.state, id_or_email)
    return addressOf(photo, 'Photo of user', id_or_email, context)
  },

  async updateUserPhoto({ id_or_email, photo }, caller, { state }) {
    requireGroupAdmin(caller)
    const user = findActiveUser(state, id_or_email)
    protectGroupOwner(user, caller)
    await replace(state, readPicture(photo, 'photo'), (id) => {
      const current = findActiveUser(state, user.id)
      state.people.change(current, { photo: id })
      return current.photo
    })
    return undefined
  },

  async deleteUserPhoto({ id_or_email }, caller, { state }) {
    requireGroupAdmin(caller)
    const user = findUser(state, id_or_email)
    protectGroupOwner(user, caller)
    await replace(state, undefined, () => {
      const current = findUser(state, user.id)
      if (!current.photo) throw notFound('Photo of user', id_or_email)
      state.people.change(current, { photo: null })
      return current.photo
    })
    return undefined
  },

  getGroupAvatar({ group_id }, _session, context) {
    const { avatar } = findGroup(context.state, group_id)
    return addressOf(avatar, 'Avatar of group', group_id, context)
  },

  async updateGroupAvatar({ group_id, avatar }, caller, { state }) {
    requireGroupAdmin(caller)
    findGroup(state, group_id)
    await replace(state, readPicture(avatar, 'avatar'), (id) => {
      const group = findGroup(state, group_id)
      state.setGroup({ ...group, avatar: id })
      return group.avatar
    })
    return undefined
  },

  async deleteGroupAvatar({ group_id }, caller, { state }) {
    requireGroupAdmin(caller)
    await replace(state, undefined, () => {
      const group = findGroup(state, group_id)
      if (!group.avatar) throw notFound('Avatar of group', group_id)
      state.setGroup({ ...group, avatar: null })
      return group.avatar
    })
    return undefined
  },
}

function addressOf(
  id: string | null | undefined,
  what: string,
  name: string | number,
  { publicUrl }: Context,
): string {
  if (!id) throw notFound(what, name)
  return publicUrl() + picturePath(id)
}

/**
 * Stores a picture, if there is one, and removes the one before: `change` stores the new id and returns the old
 * one.
 */
const replace = (
  state: State,
  picture: PictureRecord | undefined,
  change: (id: string | null) => string | null | undefined,
): Promise<void> =>
  state.write(() => {
    const before = change(picture?.id ?? null)
    if (before) state.pictures.remove(before)
    if (picture) state.pictures.put(picture)
  })
