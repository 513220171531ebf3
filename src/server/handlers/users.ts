import { findUser, groupOwnerId, protectGroupOwner, requireGroupAdmin } from '../access.ts'
import type { Handlers } from '../context.ts'
import { checkTimezone } from '../dates.ts'
import { badRequest } from '../errors.ts'
import { parseExpansion } from '../expanding.ts'
import { checkName } from '../names.ts'
import { page } from '../paging.ts'
import { hashPassword } from '../passwords.ts'
import type { UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'

export const userHandlers: Pick<Handlers, 'getAllUsers' | 'getUser' | 'updateUser' | 'deleteUser'> = {
  getAllUsers(parameters, session, { state, present }) {
    const users = state.people
      .all()
      .filter((user) => parameters['include-guests'] || !user.isGuest)
      .filter((user) => parameters['include-deleted'] || !user.isDeleted)
    const whole = parseExpansion(parameters.expand).within('items') !== undefined
    const listed = page(users, parameters, session.url)
    return { ...listed, items: listed.items.map(whole ? present.user : present.userReference) }
  },

  getUser({ id_or_email }, _session, { state, present }) {
    return present.user(findUser(state, id_or_email))
  },

  /** What is left out stays, the password too; HipChat itself cleared absent members. */
  async updateUser(parameters, session, { state }) {
    requireGroupAdmin(session)
    const user = findUser(state, parameters.id_or_email)
    protectGroupOwner(user, session)
    if (user.id === groupOwnerId && parameters.is_group_admin === false)
      throw badRequest('The owner of the group stays an administrator', 'is_group_admin')
    if (user.isDeleted || user.isGuest) throw badRequest('Guests and deleted users cannot be updated')
    if (parameters.name !== undefined) checkName(parameters.name, 'name')
    if (parameters.timezone !== undefined) checkTimezone(parameters.timezone)
    const password = parameters.password ? await hashPassword(parameters.password) : undefined
    const { presence } = parameters
    await state.write(() => {
      const current = state.people.get(user.id) ?? user
      checkUnique(state, current, parameters)
      // Who knew the old password does not stay signed in.
      if (password !== undefined)
        state.tokens.removeWhere((token) => token.kind === 'user' && token.userId === user.id)
      state.people.change(current, {
        ...(parameters.name === undefined ? {} : { name: parameters.name }),
        ...(parameters.title === undefined ? {} : { title: parameters.title }),
        ...(parameters.mention_name === undefined
          ? {}
          : { mentionName: parameters.mention_name.replace(/^@/, '') }),
        ...(parameters.email === undefined ? {} : { email: parameters.email }),
        ...(parameters.is_group_admin === undefined ? {} : { isAdmin: parameters.is_group_admin }),
        ...(parameters.timezone === undefined ? {} : { timezone: parameters.timezone }),
        ...(parameters.roles === undefined ? {} : { roles: parameters.roles }),
        ...(password === undefined ? {} : { password }),
        ...(presence === undefined
          ? {}
          : { presence: { status: presence.status ?? null, show: presence.show ?? 'chat' } }),
      })
    })
    return undefined
  },

  /** Deleted users stay visible with `include-deleted`; they leave all rooms, and their tokens and webhooks end. */
  async deleteUser({ id_or_email }, session, { state }) {
    requireGroupAdmin(session)
    const user = findUser(state, id_or_email)
    protectGroupOwner(user, session)
    if (session.user?.id === user.id) throw badRequest('Nobody can delete himself')
    await state.write(() => {
      const current = state.people.get(user.id) ?? user
      state.people.change(current, { isDeleted: true, presence: null })
      state.tokens.removeWhere((token) => token.userId === user.id)
      for (const webhook of state.webhooks.all())
        if ('userId' in webhook.owner && webhook.owner.userId === user.id) state.webhooks.remove(webhook)
      for (const room of state.rooms.all())
        if (room.participants.includes(user.id))
          state.rooms.setParticipants(
            room,
            room.participants.filter((id) => id !== user.id),
          )
    })
    return undefined
  },
}

interface Names {
  readonly mention_name?: string
  readonly email?: string
}

function checkUnique(state: State, self: UserRecord, { mention_name, email }: Names): void {
  if (mention_name !== undefined) {
    const name = mention_name.replace(/^@/, '')
    if (!/^[\p{L}\p{N}_.-]+$/u.test(name))
      throw badRequest('mention_name must be letters, digits, _, . and - only', 'mention_name')
    const other = state.people.byMention(name)
    if (other && other.id !== self.id) throw badRequest('Another user has that mention name.', 'mention_name')
  }
  if (email !== undefined) {
    if (!/^[^\s@]+@[^\s@]+$/.test(email)) throw badRequest('email must be an email address', 'email')
    const other = state.people.find(email)
    if (other && other.id !== self.id) throw badRequest('Another user has that email address.', 'email')
  }
}
