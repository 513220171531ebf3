import { withoutAt } from '../../api/mentions.ts'
import { shows } from '../../api/objects.ts'
import { randomText } from '../../common/random.ts'
import {
  findActiveUser,
  findUser,
  groupOwnerId,
  protectGroupOwner,
  requireGroupAdmin,
} from '../auth/access.ts'
import { addUser, checkUnique } from '../auth/accounts.ts'
import { requireForAccount, requirePersonal } from '../auth/maker-rights.ts'
import { checkPassword, hashPassword } from '../auth/passwords.ts'
import { maySee } from '../auth/room-rights.ts'
import { endTokensOfPassword } from '../auth/tokens.ts'
import type { Handlers } from '../context.ts'
import { checkTimezone } from '../dates.ts'
import { badRequest, invalid } from '../errors.ts'
import { page, pageOfWalk } from '../http/paging.ts'
import { checkName } from '../names.ts'
import type { UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { parseExpansion } from './expansion.ts'
import { listedRoom } from './rooms.ts'

type UserOperation =
  | 'getAllUsers'
  | 'createUser'
  | 'getUser'
  | 'updateUser'
  | 'deleteUser'
  | 'getAutoJoinRooms'
  | 'inviteUserToGroup'

export const userHandlers: Pick<Handlers, UserOperation> = {
  getAllUsers(parameters, caller, { state, present }) {
    const isListed = (user: UserRecord) =>
      (parameters['include-guests'] || !user.isGuest) && (parameters['include-deleted'] || !user.isDeleted)
    const whole = parseExpansion(parameters.expand).within('items') !== undefined
    const show = whole ? present.user : present.userReference
    return pageOfWalk(state.people.from, isListed, parameters, caller.url, show)
  },

  /** For a new user, `admin_group` suffices: they see what is public until they are added elsewhere. */
  async createUser(parameters, caller, { state, present, isLocal }) {
    requireGroupAdmin(caller)
    if (parameters.is_group_admin) requireForAccount({ isAdmin: true, isGuest: false }, caller)
    if (parameters.password !== undefined) requirePersonal('Setting passwords', caller)
    // An add-on gets no password, with which it could act as the new user after its removal. An administrator sets
    // one.
    const made = parameters.password === undefined && !caller.holder ? randomText(16) : undefined
    const password = parameters.password ?? made
    if (password !== undefined) checkPassword(password, { isLocal })
    const user = await addUser(state, { ...parameters, ...(password === undefined ? {} : { password }) })
    const whole = parseExpansion(parameters.expand).within('entity') !== undefined
    return {
      id: user.id,
      links: { self: present.userReference(user).links?.self ?? '' },
      ...(made === undefined ? {} : { password: made }),
      ...(whole ? { entity: present.user(user) } : {}),
    }
  },

  getUser({ id_or_email }, _session, { state, present }) {
    return present.user(findUser(state, id_or_email))
  },

  /** Absent members stay unchanged, the password too; HipChat itself cleared them. */
  async updateUser(parameters, caller, { state, isLocal }) {
    requireGroupAdmin(caller)
    const user = findUser(state, parameters.id_or_email)
    protectGroupOwner(user, caller)
    if (user.id === groupOwnerId && parameters.is_group_admin === false)
      throw badRequest('The owner of the group stays an administrator', 'is_group_admin')
    if (user.isDeleted || user.isGuest) throw badRequest('Guests and deleted users cannot be updated')
    if (parameters.name !== undefined) checkName(parameters.name, 'name')
    if (parameters.timezone !== undefined) checkTimezone(parameters.timezone)
    const isAdmin = parameters.is_group_admin ?? user.isAdmin
    if (parameters.password || (isAdmin && !user.isAdmin)) requireForAccount({ ...user, isAdmin }, caller)
    if (parameters.password) checkPassword(parameters.password, { isLocal })
    const password = parameters.password ? await hashPassword(parameters.password) : undefined
    const { presence } = parameters
    await state.write(() => {
      const current = findActiveUser(state, user.id)
      // Another call may have made the user an administrator while the password was hashed.
      if (password !== undefined)
        requireForAccount({ ...current, isAdmin: isAdmin || current.isAdmin }, caller.renew())
      checkUnique(state, current, parameters)
      if (password !== undefined) endTokensOfPassword(state, user.id)
      const changed = state.people.change(current, {
        ...(parameters.name === undefined ? {} : { name: parameters.name }),
        ...(parameters.title === undefined ? {} : { title: parameters.title }),
        ...(parameters.mention_name === undefined ? {} : { mentionName: withoutAt(parameters.mention_name) }),
        ...(parameters.email === undefined ? {} : { email: parameters.email }),
        ...(parameters.is_group_admin === undefined ? {} : { isAdmin: parameters.is_group_admin }),
        ...(parameters.timezone === undefined ? {} : { timezone: parameters.timezone }),
        ...(parameters.roles === undefined ? {} : { roles: parameters.roles }),
        ...(password === undefined ? {} : { password }),
        ...(presence === undefined ? {} : { presence: presenceOf(presence) }),
      })
      if (current.isAdmin && !changed.isAdmin) leaveUnseen(changed, state)
    })
    return undefined
  },

  /**
   * Deleted users stay visible with `include-deleted`, as the authors of their messages. They leave all rooms and
   * memberships, and their tokens, webhooks and photo are removed. Everything else checks for deleted users itself.
   */
  async deleteUser({ id_or_email }, caller, { state, removals }) {
    requireGroupAdmin(caller)
    const user = findUser(state, id_or_email)
    protectGroupOwner(user, caller)
    if (caller.user?.id === user.id) throw badRequest('You cannot delete yourself')
    const gone = { kind: 'user', id: user.id } as const
    // From here on nothing of theirs gives access; there may be too much of it to remove at once.
    await state.write(() => {
      const current = findActiveUser(state, user.id)
      state.people.change(current, { isDeleted: true, presence: null, photo: null })
      if (current.photo) state.pictures.remove(current.photo)
      state.glanceUpdates.removeWhere(({ userId }) => userId === user.id)
      removals.begin(gone)
    })
    await removals.finish(gone)
    return undefined
  },

  /** The rooms the user is in: HipChat's clients entered the rooms again that were open when they were closed. */
  getAutoJoinRooms(parameters, caller, context) {
    const user = findUser(context.state, parameters.id_or_email)
    const rooms = context.state.rooms
      .of(user.id, Number.MAX_SAFE_INTEGER)
      .filter((room) => maySee(room, caller))
    return page(rooms, parameters, caller.url, listedRoom(parameters.expand, caller, context))
  },

  /** The server sends no mail: an invited user is created at once, without a password to sign in with. */
  async inviteUserToGroup({ name, email, title }, caller, { state, present }) {
    requireGroupAdmin(caller)
    const user = await addUser(state, { name, email, ...(title === undefined ? {} : { title }) })
    return { ...present.userReference(user) }
  },
}

/** A former administrator leaves the rooms that only administrators see. */
function leaveUnseen(user: UserRecord, { rooms }: State): void {
  for (const room of rooms.of(user.id, Number.MAX_SAFE_INTEGER))
    if (!maySee(room, { user }))
      rooms.setParticipants(
        room,
        room.participants.filter((id) => id !== user.id),
      )
}

const isShow = (text: unknown): text is (typeof shows)[number] => shows.some((show) => show === text)

/** The OpenAPI document has the word in `status` and free text in `show`; HipChat had it the other way round. */
function presenceOf(given: { status?: string | null; show?: string | null }): UserRecord['presence'] {
  const { status = null, show = null } = given
  if (isShow(show)) return { show, status: status === show ? null : status }
  if (isShow(status)) return { show: status, status: show }
  if (show === null) return { show: 'chat', status }
  throw invalid({
    field: 'presence.show',
    rule: 'enum',
    expected: shows,
    value: show,
    message: `presence.show must be one of ${[...shows].sort().join(', ')}, unless presence.status is`,
  })
}
