import { folded } from '../../common/scripts.ts'
import { type StateDatabase, table } from './table.ts'

/** A name and whose it is: where a list of names goes on. */
export interface Named {
  readonly name: string
  readonly id: number
}

/** Finds records by the beginning of a name, in the order of names, without a look at all records. */
export interface NameIndex {
  add(name: string, id: number): void
  remove(name: string, id: number): void
  /** What begins with a text, without regard to case; after an entry when one is given. */
  find(beginning: string, range: { after?: Named | undefined; limit: number }): Named[]
}

// Keys have their bounds; what follows so many characters puts nothing in another order that matters.
const longestKey = 100

const keyOf = (name: string): string => folded(name).slice(0, longestKey)

const afterAll = '\u{10ffff}' // sorts behind every other character

export function createNameIndex(db: StateDatabase, tableName: string): NameIndex {
  const names = table<true>(db, tableName)
  return {
    add: (name, id) => names.put([keyOf(name), id], true),
    remove: (name, id) => void names.remove(keyOf(name), id),
    find(beginning, { after, limit }) {
      const first = keyOf(beginning)
      const from = after === undefined ? [first] : [keyOf(after.name), after.id]
      const keys = names.keysFrom(from, { to: [first + afterAll], limit, exclusive: after !== undefined })
      return keys.map(([name, id]) => ({ name: String(name), id: Number(id) }))
    },
  }
}

/** A name from each of its words on: `Alice Archer` is found by `ali`, `alice a` and `arch`. */
export function fromEachWord(name: string): string[] {
  const words = [...name.matchAll(/[\p{L}\p{N}_]+/gu)].map(({ index }) => name.slice(index))
  return [...new Set([name, ...words])].slice(0, mostWords)
}

const mostWords = 10
