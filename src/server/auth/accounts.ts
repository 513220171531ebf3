import { withoutAt } from '../../api/mentions.ts'
import type { Parameters } from '../../api/operation.ts'
import type { Operations } from '../../api/operations/index.ts'
import { checkTimezone } from '../dates.ts'
import { badRequest } from '../errors.ts'
import { checkName } from '../names.ts'
import type { UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { hashPassword } from './passwords.ts'

/** `@all` and `@here` are reserved. */
const everybody = /^(all|here)$/i

type NewAccount = Parameters<Operations['createUser']>

/**
 * Creates a user. Never reactivates a deleted one, as HipChat did: the email address may belong to another person
 * now, who would find the private chats and rooms of the earlier one.
 */
export async function addUser(state: State, request: NewAccount): Promise<UserRecord> {
  const { name, email, mention_name, title = '', timezone = 'UTC', is_group_admin: isAdmin = false } = request
  checkName(name, 'name')
  checkTimezone(timezone)
  const password = request.password === undefined ? null : await hashPassword(request.password)
  return state.write(() => {
    checkUnique(state, undefined, { email, ...(mention_name === undefined ? {} : { mention_name }) })
    return state.people.add({
      id: state.next('user'),
      name,
      email,
      mentionName: mention_name === undefined ? freeMentionName(name, state) : withoutAt(mention_name),
      title,
      timezone,
      isAdmin,
      isGuest: false,
      isDeleted: false,
      roles: request.roles ?? [isAdmin ? 'admin' : 'user'],
      password,
      photo: null,
    })
  })
}

/** `Dora Dent` becomes `@DoraDent`, a second one `@DoraDent2`. */
function freeMentionName(name: string, state: State): string {
  const base = name.replace(/[^\p{L}\p{N}_]+/gu, '').slice(0, 40) || 'user'
  let found = base
  for (let number = 2; everybody.test(found) || state.people.byMention(found); number += 1)
    found = `${base}${number}`
  return found
}

interface Names {
  readonly mention_name?: string
  readonly email?: string
}

/** 400 for a mention name or email address that is invalid or that another user has. */
export function checkUnique(
  state: State,
  self: UserRecord | undefined,
  { mention_name, email }: Names,
): void {
  if (mention_name !== undefined) {
    const name = withoutAt(mention_name)
    if (!/^[\p{L}\p{N}_.-]+$/u.test(name))
      throw badRequest('mention_name must be letters, digits, _, . and - only', 'mention_name', {
        validation: 'pattern',
        value: mention_name,
      })
    if (everybody.test(name))
      throw badRequest('mention_name must not be all or here: they mean everyone', 'mention_name')
    const other = state.people.byMention(name)
    if (other && other.id !== self?.id)
      throw badRequest('Another user has that mention name.', 'mention_name')
  }
  if (email !== undefined) {
    if (!/^[^\s@]+@[^\s@]+$/.test(email))
      throw badRequest('email must be an email address', 'email', { validation: 'format', value: email })
    const other = state.people.find(email)
    if (other && other.id !== self?.id) throw badRequest('Another user has that email address.', 'email')
  }
}
