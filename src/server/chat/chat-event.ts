import type { EventName } from '../../api/events.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'

/** One link of a chain: an event, and the events that led to it. */
export interface Link {
  /** How many answers led to it. */
  readonly depth: number
  /** The same object for all links of a chain. */
  readonly chain: { answers: number }
}

/** Something that happened in a room, for the webhooks that listen for it. */
export interface ChatEvent {
  readonly event: EventName
  readonly room: RoomRecord
  readonly item: Readonly<Record<string, unknown>>
  /** The text that patterns are matched against; only message events have it. */
  readonly text?: string
  readonly user?: UserRecord | undefined
  /** `oauthId` of the installation that caused it. */
  readonly causedBy?: string | undefined
  /** For an answer to a delivery: its place in the chain of answers. */
  readonly link?: Link | undefined
}
