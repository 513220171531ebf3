import type { Descriptor } from '../../api/descriptor.ts'
import type { EventName } from '../../api/events.ts'
import type { GlanceContent } from '../../api/glance.ts'
import type { shows } from '../../api/objects.ts'
import type { TokenKind } from '../../api/operation.ts'
import type { Scope } from '../../api/scopes.ts'
import type { Micros } from '../dates.ts'

/**
 * The records that the server stores. Names that are ours are camelCase; `chat/presentation.ts` turns records into
 * HipChat's objects.
 */

export interface GroupRecord {
  readonly id: number
  readonly name: string
  /** Id of its picture. */
  readonly avatar?: string | null
  /** Set while the seed is not complete: a server that finds it was killed while seeding, and starts over. */
  readonly isSeeding?: true
}

/** A user, or a guest. */
export interface UserRecord {
  readonly id: number
  readonly name: string
  readonly mentionName: string
  readonly version: string
  readonly email: string | null
  readonly title: string
  readonly timezone: string
  readonly isAdmin: boolean
  readonly isGuest: boolean
  readonly isDeleted: boolean
  readonly roles: readonly string[]
  readonly presence: { readonly status: string | null; readonly show: (typeof shows)[number] } | null
  /** Id of their picture. */
  readonly photo?: string | null
  /** scrypt, as `salt:hash` in hex; null when they cannot sign in with a password. */
  readonly password: string | null
  readonly created: Micros
}

/** A deleted user or room, of which much may be left to remove. */
export interface GoneRecord {
  readonly kind: 'user' | 'room'
  readonly id: number
}

/** A room with its people. */
export interface RoomRecord {
  readonly id: number
  readonly name: string
  readonly version: string
  readonly topic: string
  readonly privacy: 'public' | 'private'
  readonly isArchived: boolean
  /** Id of its picture. */
  readonly avatar?: string | null
  readonly guestAccess: boolean
  /** Identifies the room in its guest address; created when guests are first admitted. */
  readonly guestKey: string | null
  readonly delegateAdminVisibility: boolean | null
  readonly ownerId: number
  /** Creator, as `user ID` or `client OAUTHID`. Absent in older data, and for rooms of the seed. */
  readonly maker?: string
  /** People who may enter, for a private room. */
  readonly members: readonly number[]
  /** Members who run the room in addition to its owner. Absent in older data: none. */
  readonly admins?: readonly number[]
  /** People who are in the room now. */
  readonly participants: readonly number[]
  readonly created: Micros
}

/** A picture of a room, a user or the group. */
export interface PictureRecord {
  /** Long and random: anyone who knows the address can see the picture. */
  readonly id: string
  readonly type: 'image/jpeg' | 'image/png' | 'image/gif'
  readonly bytes: Uint8Array
}

/** What is counted for a room. */
export interface RoomStatistics {
  readonly messagesSent: number
  readonly lastActive: Micros | null
}

/** A file as its message contains it. It is either elsewhere, at `url`, or stored here under `id`. */
export interface FileRecord {
  readonly name: string
  /** In bytes. */
  readonly size: number
  readonly url?: string
  readonly thumb_url?: string | null
  readonly id?: string
  /** For a file that is stored here: whether browsers may display it. */
  readonly isPicture?: boolean
}

/** The bytes of a file that was shared through the API. */
export interface StoredFileRecord {
  /** Long and random: anyone who knows the address can read the file. */
  readonly id: string
  readonly name: string
  readonly bytes: Uint8Array
}

/** The author of a message or a change. */
export type Author = (
  | { readonly kind: 'user'; readonly id: number }
  | { readonly kind: 'addon'; readonly oauthId: string; readonly key: string; readonly name: string }
  | { readonly kind: 'label'; readonly name: string }
) & {
  /** The `from` of a notification, shown next to the name. */
  readonly label?: string
}

/** A message of a room. */
export interface MessageRecord {
  readonly id: string
  /** Time of the message; unique within the server, so it also orders messages. */
  readonly at: Micros
  readonly roomId: number
  readonly type: 'message' | 'notification' | 'topic'
  readonly author: Author
  readonly text: string
  readonly mentions: readonly number[]
  readonly color?: string
  readonly format?: 'html' | 'text'
  readonly notify?: boolean
  readonly file?: FileRecord
  readonly attachTo?: string
  /** The card as a JSON string, as in HipChat's history. */
  readonly card?: string
}

/** A message between two people. */
export interface PrivateMessageRecord {
  readonly id: string
  readonly at: Micros
  readonly from: number
  readonly to: number
  readonly text: string
  readonly format: 'html' | 'text'
  readonly notify: boolean
  readonly file?: FileRecord
}

/** An emoticon. */
export interface EmoticonRecord {
  readonly id: number
  readonly shortcut: string
  readonly url: string
  readonly type: 'group' | 'global'
  readonly width: number
  readonly height: number
  readonly creatorId: number | null
}

/** The person who made something, with the scopes they had then. */
export interface Maker {
  /** null for the operator of the server. */
  readonly userId: number | null
  readonly scopes: readonly Scope[]
}

/** One installation of an add-on, which is also one OAuth client. */
export interface ClientRecord {
  readonly oauthId: string
  /** Number of the client in links. */
  readonly number: number
  /** Signs requests, so it cannot be stored as a hash. */
  readonly secret: string
  readonly key: string
  readonly name: string
  readonly fromName: string
  /** null when it is installed for the whole group. */
  readonly roomId: number | null
  readonly scopes: readonly Scope[]
  /** The descriptor at the time of approval; later changes of the hosted file have no effect. */
  readonly descriptor: Descriptor
  /**
   * The approver, with their scopes at that time: the installation may make nothing that contains more. Absent in
   * older data.
   */
  readonly maker?: Maker
  /** `pending` until the add-on confirms: its tokens work, its webhooks do not. */
  readonly status: 'pending' | 'live'
  readonly created: Micros
}

/** A webhook of an installation or a user. */
export interface WebhookRecord {
  readonly id: number
  readonly owner: { readonly oauthId: string } | { readonly userId: number }
  /** null for every room. */
  readonly roomId: number | null
  readonly event: EventName
  readonly url: string
  readonly pattern: string | null
  readonly name: string | null
  readonly key: string
  readonly authentication: 'none' | 'jwt'
  /**
   * Grant of the token that a user created it with: it ends with that grant. Absent in older data, and for webhooks
   * of the seed.
   */
  readonly grant?: string
  /** Whether it comes from the descriptor: then it cannot be removed through REST. */
  readonly declared: boolean
  readonly created: Micros
}

/** An access or refresh token. */
export interface TokenRecord {
  readonly kind: Exclude<TokenKind, 'basic'>
  readonly use: 'access' | 'refresh'
  readonly scopes: readonly Scope[]
  readonly oauthId: string | null
  readonly userId: number | null
  readonly roomId: number | null
  /** Name of a token that belongs to no user, or of one that a user made for themselves. */
  readonly label: string | null
  /** Expiry in milliseconds since 1970; null for never. */
  readonly expires: number | null
  /** The same for all tokens of one sign-in: access tokens, and the refresh tokens issued with them. */
  readonly session?: string
  /** Grant of the token that this one was made with at the token endpoint: it ends with that grant. */
  readonly madeWith?: string
  /** Made with the name and password of a user: it ends with that password. */
  readonly madeWithPassword?: true
  /** For a room's token: the user who made it. It is good while they may make it. Absent in older data. */
  readonly madeBy?: number
  /** Token of the chat page: accepted for the page's operations, and counted as a person's calls there. */
  readonly page?: boolean
  /** The token of the server's own administrator, made again at each start. */
  readonly admin?: boolean
  readonly created: Micros
}

/** What a user allowed an add-on, until the add-on exchanges the code for it. */
export interface CodeRecord {
  readonly oauthId: string
  readonly userId: number
  readonly scopes: readonly Scope[]
  readonly redirectUri: string
  /** Whether the add-on sent `redirectUri` when it asked: then it must send it again. */
  readonly redirectNamed: boolean
  /** Session of the tokens it is exchanged for: they end when the code is used again. */
  readonly session: string
  readonly used: boolean
  /** Expiry in milliseconds since 1970. A used code is kept until then too. */
  readonly expires: number
}

/** The document behind an `installable_url`, which can be read once. */
export interface InstallableRecord {
  readonly key: string
  readonly oauthId: string
  readonly document: {
    readonly oauthId: string
    readonly oauthSecret: string
    readonly capabilitiesUrl: string
    readonly groupId: number
    readonly roomId?: number
  }
  /** Whether reading it confirms the installation. */
  readonly confirms: boolean
  readonly expires: number
}

/**
 * New content of one glance, as an add-on pushed it. Without a room it is for all rooms, without a user for
 * everyone.
 */
export interface GlanceUpdateRecord {
  /** OAuth id of the installation that pushed it. */
  readonly oauthId: string
  /** Key of the add-on. */
  readonly addonKey: string
  /** Key of the glance. */
  readonly key: string
  /** What clients show. */
  readonly content: GlanceContent
  /** Room in which it is shown. */
  readonly roomId?: number
  /** User who sees it. */
  readonly userId?: number
  /** When it was pushed. */
  readonly at: Date
}
