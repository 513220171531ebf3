import { isTimezone } from './dates.ts'
import { type Seed, ServerOptionError, type Settings } from './options.ts'
import { hashPassword } from './passwords.ts'
import type { UserRecord } from './state/records.ts'
import type { State } from './state/state.ts'

/** A face drawn in a few strokes: the default emoticons need no file and no other server. */
const face = (mouth: string) =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" width="25" height="25"><circle cx="12.5" cy="12.5" r="11" fill="#fd4"/><circle cx="8.5" cy="9.5" r="1.6"/><circle cx="16.5" cy="9.5" r="1.6"/><path d="${mouth}" fill="none" stroke="#000" stroke-width="1.6"/></svg>`,
  )}`

/** Three people in three rooms, one of them private. */
export const defaultSeed: Seed = {
  users: [
    { name: 'Alice Archer', mentionName: 'alice', email: 'alice@example.com', timezone: 'Europe/Berlin' },
    { name: 'Bob Baker', mentionName: 'bob', email: 'bob@example.com', timezone: 'America/New_York' },
    { name: 'Carol Cook', mentionName: 'carol', email: 'carol@example.com' },
  ],
  rooms: [
    { name: 'Lobby', topic: 'Say hello', participants: ['alice', 'bob'] },
    { name: 'Workshop', topic: 'Where add-ons are tried', participants: ['alice'] },
    { name: 'Back office', privacy: 'private', owner: 'alice', members: ['bob'] },
  ],
  emoticons: [
    { shortcut: 'smile', type: 'global', url: face('M7 15q5.5 6 11 0') },
    { shortcut: 'sad', type: 'global', url: face('M7 18q5.5 -6 11 0') },
    { shortcut: 'meh', type: 'group', url: face('M7 17h11') },
  ],
}

/** Fills an empty state: the group, its administrator with the id 1, and what the seed lists. */
export async function seedState(
  state: State,
  { group, seed = {} }: Pick<Settings, 'group' | 'seed'>,
): Promise<void> {
  const passwords = await Promise.all(
    (seed.users ?? []).map(({ password }) => (password === undefined ? null : hashPassword(password))),
  )
  for (const { mentionName, timezone = 'UTC' } of seed.users ?? [])
    if (!isTimezone(timezone))
      throw new ServerOptionError(`seed gives ${mentionName} the time zone ${timezone}, which does not exist`)
  await state.write(() => {
    state.setGroup(group)
    const admin = state.people.add({
      id: state.next('user'),
      name: 'Admin',
      mentionName: 'admin',
      email: 'admin@example.com',
      isAdmin: true,
      roles: ['owner', 'admin'],
    })
    ;(seed.users ?? []).forEach((user, index) => {
      const { password: _, ...rest } = user
      if (state.people.byMention(user.mentionName))
        throw new ServerOptionError(`seed has two users with the mention name ${user.mentionName}`)
      if (user.email !== undefined && state.people.find(user.email))
        throw new ServerOptionError(`seed has two users with the email address ${user.email}`)
      state.people.add({ ...rest, id: state.next('user'), password: passwords[index] ?? null })
    })
    const named = (mentionName: string): UserRecord => {
      const user = state.people.byMention(mentionName)
      if (!user) throw new ServerOptionError(`seed names the user ${mentionName}, whom it does not list`)
      return user
    }
    for (const {
      name,
      topic = '',
      privacy = 'public',
      owner,
      members = [],
      participants = [],
    } of seed.rooms ?? []) {
      if (state.rooms.byName(name)) throw new ServerOptionError(`seed has two rooms with the name ${name}`)
      const ownerId = (owner === undefined ? admin : named(owner)).id
      const inside = participants.map((mention) => named(mention).id)
      state.rooms.add({
        id: state.next('room'),
        name,
        topic,
        privacy,
        ownerId,
        members: [...new Set([ownerId, ...members.map((mention) => named(mention).id), ...inside])],
        participants: inside,
      })
    }
    for (const emoticon of seed.emoticons ?? [])
      state.addEmoticon({
        type: 'group',
        width: 25,
        height: 25,
        ...emoticon,
        id: state.next('emoticon'),
        creatorId: admin.id,
      })
  })
}
