import type { EventName } from '../../api/events.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'

/** One link of a chain: something that happened, and what it goes back to. */
export interface Link {
  /** How many answers led to it. */
  readonly depth: number
  /** The same for all links of a chain. */
  readonly chain: { answers: number }
}

/** Something that happened in a room, for the webhooks that ask for it. */
export interface ChatEvent {
  readonly event: EventName
  readonly room: RoomRecord
  readonly item: Readonly<Record<string, unknown>>
  /** What patterns are matched against; only message events have it. */
  readonly text?: string
  readonly user?: UserRecord | undefined
  /** `oauthId` of the installation that caused it. */
  readonly causedBy?: string | undefined
  /** Of an answer to a delivery: its place in the chain of answers. */
  readonly link?: Link | undefined
}
