import { nowMicros } from '../dates.ts'
import { randomVersion } from '../random.ts'
import type { UserRecord } from './records.ts'
import { folded, type StateDatabase, table } from './table.ts'

export type NewUser = Pick<UserRecord, 'name' | 'mentionName'> & Partial<UserRecord>

/** Users of the group. Deleted ones stay, marked, so that their messages keep an author. */
export interface People {
  get(id: number): UserRecord | undefined
  all(): UserRecord[]
  /** By id, email address or `@mention`; digits mean an id. */
  find(text: string): UserRecord | undefined
  byName(name: string): UserRecord | undefined
  byMention(mentionName: string): UserRecord | undefined
  /** The deleted user who had an email address when he was deleted, the last of several. */
  deletedBy(email: string): UserRecord | undefined
  add(user: NewUser & { id: number }): UserRecord
  change(user: UserRecord, changes: Partial<UserRecord>): UserRecord
}

export function createPeople(db: StateDatabase): People {
  const users = table<UserRecord>(db, 'user')
  // Looked up for every @word of a message, so by index. Deleted users have given their names free.
  const mentions = table<number>(db, 'mentionName')
  const emails = table<number>(db, 'email')

  function index({ id, mentionName, email }: UserRecord): void {
    mentions.put([folded(mentionName)], id)
    if (email !== null) emails.put([folded(email)], id)
  }

  function unindex({ mentionName, email }: UserRecord): void {
    mentions.remove(folded(mentionName))
    if (email !== null) emails.remove(folded(email))
  }

  const known = (id: number | undefined) => (id === undefined ? undefined : users.get(id))

  const people: People = {
    get: (id) => users.get(id),
    all: () => users.all(),
    find(text) {
      if (/^\d+$/.test(text)) return users.get(Number(text))
      if (text.startsWith('@')) return people.byMention(text.slice(1))
      if (!text.includes('@')) return undefined
      return known(emails.get(folded(text)))
    },
    byName: (name) => users.all().find((user) => !user.isDeleted && folded(user.name) === folded(name)),
    byMention: (mentionName) => known(mentions.get(folded(mentionName))),
    deletedBy: (email) =>
      users.all().findLast((user) => user.isDeleted && folded(user.email ?? '') === folded(email)),
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
      if (!user.isDeleted) unindex(user)
      if (!record.isDeleted) index(record)
      return record
    },
  }
  return people
}
