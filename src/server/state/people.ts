import { withoutAt } from '../../api/mentions.ts'
import { randomVersion } from '../../common/random.ts'
import { folded } from '../../common/text.ts'
import { nowMicros } from '../dates.ts'
import { createNameIndex, fromEachWord, type Named } from './name-index.ts'
import type { UserRecord } from './records.ts'
import { type StateDatabase, table } from './table.ts'

/** A user to add; absent members get defaults. */
export type NewUser = Pick<UserRecord, 'name' | 'mentionName'> & Partial<UserRecord>

/** Users of the group. Deleted ones stay, marked as deleted, so that their messages keep an author. */
export interface People {
  get(id: number): UserRecord | undefined
  all(): UserRecord[]
  /** At most `limit` users ordered by id, starting at an id; deleted ones too. */
  from(id: number, limit: number): UserRecord[]
  /** At most `limit` users ordered by name, after a given entry; without deleted ones. */
  byNames(range: { after?: Named | undefined; limit: number }): UserRecord[]
  /** Users whose mention name, or a word of whose name, begins with a text. */
  beginning(text: string, limit: number): UserRecord[]
  /** Finds a user by id, email address or `@mention`; digits are an id. */
  find(text: string): UserRecord | undefined
  byName(name: string): UserRecord | undefined
  byMention(mentionName: string): UserRecord | undefined
  add(user: NewUser & { id: number }): UserRecord
  change(user: UserRecord, changes: Partial<UserRecord>): UserRecord
  /** Builds the index of names, for data of a server that had none. Call it inside a transaction. */
  completeIndex(): void
}

/** Creates the table of users in a database. */
export function createPeople(db: StateDatabase): People {
  const users = table<UserRecord>(db, 'user')
  // Looked up for every @word of a message, therefore indexed. Deleted users no longer own their names.
  const mentions = table<number>(db, 'mentionName')
  const emails = table<number>(db, 'email')
  const names = createNameIndex(db, 'personName')
  const beginnings = createNameIndex(db, 'personBeginning')
  const beginningsOf = ({ name, mentionName }: UserRecord) => [...fromEachWord(name), mentionName]

  function indexNames(user: UserRecord): void {
    names.add(user.name, user.id)
    for (const one of beginningsOf(user)) beginnings.add(one, user.id)
  }

  function index(user: UserRecord): void {
    const { id, mentionName, email } = user
    mentions.put([folded(mentionName)], id)
    if (email !== null) emails.put([folded(email)], id)
    indexNames(user)
  }

  function unindex(user: UserRecord): void {
    const { id, name, mentionName, email } = user
    mentions.remove(folded(mentionName))
    if (email !== null) emails.remove(folded(email))
    names.remove(name, id)
    for (const one of beginningsOf(user)) beginnings.remove(one, id)
  }

  /** Each user once: several of their names may match. */
  const found = (entries: readonly Named[]): UserRecord[] =>
    [...new Set(entries.map(({ id }) => id))].flatMap((id) => users.get(id) ?? [])

  const known = (id: number | undefined) => (id === undefined ? undefined : users.get(id))

  const people: People = {
    get: (id) => users.get(id),
    all: () => users.all(),
    from: (id, limit) => users.from([id], limit),
    byNames: (range) => found(names.find('', range)),
    // Some of them may be found twice.
    beginning: (text, limit) => found(beginnings.find(text, { limit: 2 * limit })).slice(0, limit),
    find(text) {
      if (/^\d+$/.test(text)) return users.get(Number(text))
      const mention = withoutAt(text)
      if (mention !== text) return people.byMention(mention)
      if (!text.includes('@')) return undefined
      return known(emails.get(folded(text)))
    },
    byName: (name) =>
      found(names.find(name, { limit: mostOfOneName })).find((user) => folded(user.name) === folded(name)),
    byMention: (mentionName) => known(mentions.get(folded(mentionName))),
    add(user) {
      const record: UserRecord = {
        version: randomVersion(),
        email: null,
        title: '',
        timezone: 'UTC',
        isAdmin: false,
        isGuest: false,
        isDeleted: false,
        roles: ['user'],
        presence: null,
        password: null,
        created: nowMicros(),
        ...user,
      }
      users.put([record.id], record)
      index(record)
      return record
    },
    change(user, changes) {
      const record = { ...user, ...changes, version: randomVersion() }
      users.put([record.id], record)
      if (isIndexedAlike(user, record)) return record
      if (!user.isDeleted) unindex(user)
      if (!record.isDeleted) index(record)
      return record
    },
    completeIndex() {
      if (names.find('', { limit: 1 }).length > 0) return
      for (const user of users.all()) if (!user.isDeleted) indexNames(user)
    },
  }
  return people
}

const isIndexedAlike = (one: UserRecord, other: UserRecord): boolean =>
  (['isDeleted', 'name', 'mentionName', 'email'] as const).every((member) => one[member] === other[member])

// A name that begins with another one, and is cut off at the longest key, may sort before it.
const mostOfOneName = 10
