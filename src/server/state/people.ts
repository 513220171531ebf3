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
  add(user: NewUser & { id: number }): UserRecord
  change(user: UserRecord, changes: Partial<UserRecord>): UserRecord
}

export function createPeople(db: StateDatabase): People {
  const users = table<UserRecord>(db, 'user')
  const alive = () => users.all().filter((user) => !user.isDeleted)

  const people: People = {
    get: (id) => users.get(id),
    all: () => users.all(),
    find(text) {
      if (/^\d+$/.test(text)) return users.get(Number(text))
      if (text.startsWith('@')) return people.byMention(text.slice(1))
      if (!text.includes('@')) return undefined
      return alive().find((user) => user.email !== null && folded(user.email) === folded(text))
    },
    byName: (name) => alive().find((user) => folded(user.name) === folded(name)),
    byMention: (mentionName) => alive().find((user) => folded(user.mentionName) === folded(mentionName)),
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
      return record
    },
    change(user, changes) {
      const record = { ...user, ...changes, version: randomVersion() }
      users.put([record.id], record)
      return record
    },
  }
  return people
}
