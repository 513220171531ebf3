import type { Micros } from '../dates.ts'
import type { MessageRecord, PrivateMessageRecord } from './records.ts'
import { type StateDatabase, table } from './table.ts'

/** A stretch of a room's history, counted back from the newest message or from a date. */
export interface HistoryRange {
  /** Newest date, included. */
  readonly until?: Micros
  /** Oldest date, included. */
  readonly since?: Micros
  readonly offset?: number
  readonly limit?: number
}

/** Messages of rooms and of pairs of people, keyed by place and time: a page costs its own length, not the history's. */
export interface Messages {
  add(message: MessageRecord): void
  /** By message id, within its room. */
  find(roomId: number, id: string): MessageRecord | undefined
  /** Newest first. */
  history(roomId: number, range: HistoryRange): MessageRecord[]
  removeRoom(roomId: number): void
  addPrivate(message: PrivateMessageRecord): void
  /** By message id, among what two people said to each other. */
  findPrivate(one: number, other: number, id: string): PrivateMessageRecord | undefined
  /** What two people said to each other, newest first. */
  privateHistory(one: number, other: number, range: HistoryRange): PrivateMessageRecord[]
}

export function createMessages(db: StateDatabase): Messages {
  const messages = table<MessageRecord>(db, 'message')
  const times = table<Micros>(db, 'messageTime')
  const privates = table<PrivateMessageRecord>(db, 'private')
  const privateTimes = table<Micros>(db, 'privateTime')
  const pair = (one: number, other: number) => [Math.min(one, other), Math.max(one, other)]

  return {
    add(message) {
      messages.put([message.roomId, message.at], message)
      times.put([message.roomId, message.id], message.at)
    },
    find(roomId, id) {
      const at = times.get(roomId, id)
      return at === undefined ? undefined : messages.get(roomId, at)
    },
    history: (roomId, range) => messages.backwards([roomId], bounds(range)),
    removeRoom(roomId) {
      for (const message of messages.all(roomId)) {
        messages.remove(roomId, message.at)
        times.remove(roomId, message.id)
      }
    },
    addPrivate(message) {
      const place = pair(message.from, message.to)
      privates.put([...place, message.at], message)
      privateTimes.put([...place, message.id], message.at)
    },
    findPrivate(one, other, id) {
      const at = privateTimes.get(...pair(one, other), id)
      return at === undefined ? undefined : privates.get(...pair(one, other), at)
    },
    privateHistory: (one, other, range) => privates.backwards(pair(one, other), bounds(range)),
  }
}

const bounds = ({ until, since, offset, limit }: HistoryRange) => ({
  ...(until === undefined ? {} : { from: until }),
  ...(since === undefined ? {} : { to: since }),
  ...(offset === undefined ? {} : { offset }),
  ...(limit === undefined ? {} : { limit }),
})
