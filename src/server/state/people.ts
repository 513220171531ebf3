import { withoutAt } from '../../api/mentions.ts'
import { randomVersion } from '../../common/random.ts'
import { folded } from '../../common/scripts.ts'
import { nowMicros } from '../dates.ts'
import { createNameIndex, fromEachWord, type Named } from './name-index.ts'
import type { UserRecord } from './records.ts'
import { type StateDatabase, table } from './table.ts'

export type NewUser = Pick<UserRecord, 'name' | 'mentionName'> & Partial<UserRecord>

/** Users of the group. Deleted ones stay, marked, so that their messages keep an author. */
export interface People {
  get(id: number): UserRecord | undefined
  all(): UserRecord[]
  /** So many at most, by id, from an id on; deleted ones too. */
  from(id: number, limit: number): UserRecord[]
  /** So many at most, by name, after an entry when one is given; without the deleted. */
  byNames(range: { after?: Named | undefined; limit: number }): UserRecord[]
  /** Those of whose name a word, or whose mention name, begins with a text. */
  beginning(text: string, limit: number): UserRecord[]
  /** By id, email address or `@mention`; digits mean an id. */
  find(text: string): UserRecord | undefined
  byName(name: string): UserRecord | undefined
  byMention(mentionName: string): UserRecord | undefined
  add(user: NewUser & { id: number }): UserRecord
  change(user: UserRecord, changes: Partial<UserRecord>): UserRecord
  /** For data of a server that had no index of names: makes it. Inside of a transaction. */
  completeIndex(): void
}

export function createPeople(db: StateDatabase): People {
  const users = table<UserRecord>(db, 'user')
  // Looked up for every @word of a message, so by index. Deleted users have given their names free.
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

  /** Each once: a person may be found by several of their names. */
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

// A name that begins with another one, cut off where keys are, may stand before it.
const mostOfOneName = 10
