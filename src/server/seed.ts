import { checkWebhook, webhookRecord } from './addons/webhook-rules.ts'
import { operator } from './auth/maker-rights.ts'
import { hashPassword, passwordFault } from './auth/passwords.ts'
import { maySee } from './auth/room-rights.ts'
import type { Context } from './context.ts'
import { isTimezone, nowMicros } from './dates.ts'
import { CallRefusedError } from './errors.ts'
import { type ResolvedOptions, type Seed, ServerOptionError } from './options.ts'
import type { RoomRecord, UserRecord } from './state/records.ts'
import type { State } from './state/state.ts'

/** A face drawn with a few strokes: the default emoticons need no files and no other server. */
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

/**
 * Fills an empty state with everything except the add-ons, which cannot be notified of their installation before
 * the server listens. The group is marked as unfinished until {@link seedAddons} has ended.
 */
export async function seedAll(
  context: Context,
  resolved: Pick<ResolvedOptions, 'group' | 'seed'>,
): Promise<void> {
  await seedState(context.state, resolved)
  const names = namesIn(context.state)
  await seedMessages(context, resolved.seed, names)
  await seedWebhooks(context, resolved.seed, names)
}

/** Installs the add-ons of the seed, and marks the group as finished. */
export async function seedAddons(
  { state, installer }: Context,
  { group, seed = {} }: Pick<ResolvedOptions, 'group' | 'seed'>,
): Promise<void> {
  const names = namesIn(state)
  for (const [index, { url, room }] of (seed.addons ?? []).entries())
    await refusedBy(`seed.addons.${index}`, () =>
      installer.install({
        url,
        by: operator,
        ...(room === undefined ? {} : { room: names.room(room) }),
      }),
    )
  await state.write(() => state.setGroup(group))
}

/** Looks up the users and rooms that a seed names. */
interface Names {
  user(mentionName: string | undefined): UserRecord
  room(name: string): RoomRecord
}

const namesIn = (state: State): Names => ({
  user(mentionName = 'admin') {
    const user = state.people.byMention(mentionName)
    if (!user) throw new ServerOptionError(`seed names the user ${mentionName}, but does not list them`)
    return user
  },
  room(name) {
    const room = state.rooms.byName(name)
    if (!room) throw new ServerOptionError(`seed names the room ${name}, but does not list it`)
    return room
  },
})

/** Turns a refusal by the server into an error of the seed. */
async function refusedBy<T>(where: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof CallRefusedError)
      throw new ServerOptionError(`${where} was refused: ${error.message}`, { cause: error })
    throw error
  }
}

/** No webhook exists yet, so these messages cause no deliveries. */
async function seedMessages({ chat }: Context, seed: Seed = {}, names: Names): Promise<void> {
  for (const [index, { room: name, from, message }] of (seed.messages ?? []).entries()) {
    const [room, user] = [names.room(name), names.user(from)]
    if (!maySee(room, { user }))
      throw new ServerOptionError(
        `seed.messages.${index} is from ${user.mentionName}, who may not enter ${name}`,
      )
    await chat.say(room, user, message)
  }
}

async function seedWebhooks({ state, outbound }: Context, seed: Seed = {}, names: Names): Promise<void> {
  for (const [index, { room, owner, ...webhook }] of (seed.webhooks ?? []).entries())
    await refusedBy(`seed.webhooks.${index}`, () => {
      checkWebhook(webhook, outbound)
      const roomId = room === undefined ? null : names.room(room).id
      const userId = names.user(owner).id
      return state.write(() => {
        const id = state.next('webhook')
        const made = { id, key: String(id), created: nowMicros(), authentication: 'none' as const }
        state.webhooks.put(webhookRecord(webhook, { ...made, owner: { userId }, roomId }))
      })
    })
}

/** Creates the group, its administrator with the id 1, and the people, rooms and emoticons of the seed. */
async function seedState(
  state: State,
  { group, seed = {} }: Pick<ResolvedOptions, 'group' | 'seed'>,
): Promise<void> {
  for (const { mentionName, password } of seed.users ?? []) {
    const fault = password === undefined ? undefined : passwordFault(password)
    if (fault !== undefined) throw new ServerOptionError(`seed gives ${mentionName} a password that ${fault}`)
  }
  const passwords = await Promise.all(
    (seed.users ?? []).map(({ password }) => (password === undefined ? null : hashPassword(password))),
  )
  for (const { mentionName, timezone = 'UTC' } of seed.users ?? [])
    if (!isTimezone(timezone))
      throw new ServerOptionError(`seed gives ${mentionName} the time zone ${timezone}, which does not exist`)
  await state.write(() => {
    state.setGroup({ ...group, isSeeding: true })
    const names = namesIn(state)
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
    for (const {
      name,
      topic = '',
      privacy = 'public',
      owner,
      members = [],
      participants = [],
    } of seed.rooms ?? []) {
      if (state.rooms.byName(name)) throw new ServerOptionError(`seed has two rooms with the name ${name}`)
      const ownerId = names.user(owner).id
      const inside = participants.map((mention) => names.user(mention).id)
      state.rooms.add({
        id: state.next('room'),
        name,
        topic,
        privacy,
        ownerId,
        members: [...new Set([ownerId, ...members.map((mention) => names.user(mention).id), ...inside])],
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
