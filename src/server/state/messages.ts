import type { MessageRecord, PrivateMessageRecord } from './records.ts'
import type { StateDatabase } from './table.ts'
import { createTimeline, type HistoryRange } from './timeline.ts'

/** Messages of rooms and of pairs of people. */
export interface Messages {
  add(message: MessageRecord): void
  /** Finds a message by its id within its room. */
  find(roomId: number, id: string): MessageRecord | undefined
  /** Newest first, read as far as needed. */
  history(roomId: number, range: HistoryRange): Iterable<MessageRecord>
  /** Removes at most `most` messages of a room, the newest first, and returns them. */
  removeSome(roomId: number, most: number): MessageRecord[]
  addPrivate(message: PrivateMessageRecord): void
  /** Finds a message by its id among those between two people. */
  findPrivate(one: number, other: number, id: string): PrivateMessageRecord | undefined
  /** The messages between two people, newest first. */
  privateHistory(one: number, other: number, range: HistoryRange): Iterable<PrivateMessageRecord>
}

/** Creates the tables of messages in a database. */
export function createMessages(db: StateDatabase): Messages {
  const rooms = createTimeline<MessageRecord>(db, 'message')
  const pairs = createTimeline<PrivateMessageRecord>(db, 'private')
  const pair = (one: number, other: number) => [Math.min(one, other), Math.max(one, other)]

  return {
    add: (message) => rooms.add([message.roomId], message),
    find: (roomId, id) => rooms.find([roomId], id),
    history: (roomId, range) => rooms.read([roomId], range),
    removeSome: (roomId, most) => rooms.removeSome([roomId], most),
    addPrivate: (message) => pairs.add(pair(message.from, message.to), message),
    findPrivate: (one, other, id) => pairs.find(pair(one, other), id),
    privateHistory: (one, other, range) => pairs.read(pair(one, other), range),
  }
}
