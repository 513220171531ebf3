import type { Micros } from '../dates.ts'
import { type Key, type StateDatabase, table } from './table.ts'

/** A stretch of a history, counted back from the newest message or from a date. */
export interface HistoryRange {
  /** Newest date, included. */
  readonly until?: Micros
  /** Oldest date, included. */
  readonly since?: Micros
  readonly offset?: number
  readonly limit?: number
}

/** Messages by place, in the order of their arrival. */
export interface Timeline<M> {
  /** Adds a message, which must be later than all others in its place. */
  add(place: Key, message: M): void
  find(place: Key, id: string): M | undefined
  /** Newest first, read as far as needed. */
  read(place: Key, range: HistoryRange): Iterable<M>
  /** Removes at most `most` messages, the newest first, and returns them. */
  removeSome(place: Key, most: number): M[]
}

/**
 * Messages of a place are numbered from 1 without gaps, since none is deleted on its own. So a message that is a
 * number of places back from a date is found by its number, and a page costs its own length wherever it is in the
 * history.
 */
export function createTimeline<M extends { readonly id: string; readonly at: Micros }>(
  db: StateDatabase,
  name: string,
): Timeline<M> {
  const messages = table<M>(db, name)
  const numbersByTime = table<number>(db, `${name}Time`)
  const numbersById = table<number>(db, `${name}Id`)

  /** Number of the last message at or before a time; 0 when there is none. */
  const numberAt = (place: Key, at?: Micros): number =>
    [...numbersByTime.backwards(place, { ...(at === undefined ? {} : { from: at }), limit: 1 })][0] ?? 0

  return {
    add(place, message) {
      const number = numberAt(place) + 1
      messages.put([...place, number], message)
      numbersByTime.put([...place, message.at], number)
      numbersById.put([...place, message.id], number)
    },
    find(place, id) {
      const number = numbersById.get(...place, id)
      return number === undefined ? undefined : messages.get(...place, number)
    },
    read(place, { until, since, offset = 0, limit }) {
      const from = numberAt(place, until) - offset
      const to = since === undefined ? 1 : numberAt(place, since - 1) + 1
      if (from < to) return []
      return messages.backwards(place, { from, to, ...(limit === undefined ? {} : { limit }) })
    },
    removeSome(place, most) {
      const last = numberAt(place)
      const newest = [...messages.backwards(place, { limit: most })]
      newest.forEach((message, index) => {
        messages.remove(...place, last - index)
        numbersByTime.remove(...place, message.at)
        numbersById.remove(...place, message.id)
      })
      return newest
    },
  }
}
