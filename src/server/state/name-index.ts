import { folded } from '../../common/text.ts'
import { type StateDatabase, table } from './table.ts'

/** A name and the id it belongs to: a position in a list of names. */
export interface Named {
  readonly name: string
  readonly id: number
}

/** Finds records by the beginning of a name, in the order of names, without reading all records. */
export interface NameIndex {
  add(name: string, id: number): void
  remove(name: string, id: number): void
  /** Entries that begin with a text, ignoring case; after a given entry. */
  find(beginning: string, range: { after?: Named | undefined; limit: number }): Named[]
}

// Keys have a limit. Beyond this many characters the order makes no difference that matters.
const longestKey = 100

const keyOf = (name: string): string => folded(name).slice(0, longestKey)

const afterAll = '\u{10ffff}' // sorts after every other character

/** Creates an index of names in a database. */
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

/** A name from each of its words on: `ali`, `alice a` and `arch` all find `Alice Archer`. */
export function fromEachWord(name: string): string[] {
  const words = [...name.matchAll(/[\p{L}\p{N}_]+/gu)].map(({ index }) => name.slice(index))
  return [...new Set([name, ...words])].slice(0, mostWords)
}

const mostWords = 10
