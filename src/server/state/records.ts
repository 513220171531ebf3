import type { Descriptor } from '../../api/descriptor.ts'
import type { EventName } from '../../api/events.ts'
import type { GlanceContent } from '../../api/glance.ts'
import type { shows } from '../../api/objects.ts'
import type { TokenKind } from '../../api/operation.ts'
import type { Scope } from '../../api/scopes.ts'
import type { Micros } from '../dates.ts'

/** What the server remembers. Names that are ours are camelCase; `presenting.ts` turns records into HipChat's shapes. */

export interface GroupRecord {
  readonly id: number
  readonly name: string
  /** Id of its picture. */
  readonly avatar?: string | null
  /** The seed is not complete yet: a server that finds this was killed while it sowed, and begins anew. */
  readonly isSeeding?: true
}

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
  /** Id of his picture. */
  readonly photo?: string | null
  /** scrypt, as `salt:hash` in hex; null: nobody can sign in with a password. */
  readonly password: string | null
  readonly created: Micros
}

/** Somebody or something that is gone, and of which a lot may be left. */
export interface GoneRecord {
  readonly kind: 'user' | 'room'
  readonly id: number
}

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
  /** Names the room in its guest address; made when guests are first let in. */
  readonly guestKey: string | null
  readonly delegateAdminVisibility: boolean | null
  readonly ownerId: number
  /** Who made it, as `user ID` or `client OAUTHID`. Absent in older data, and for those of the seed. */
  readonly maker?: string
  /** Who may enter, for a private room. */
  readonly members: readonly number[]
  /** Members who run the room beside its owner. Absent in older data: nobody. */
  readonly admins?: readonly number[]
  /** Who is in the room now. */
  readonly participants: readonly number[]
  readonly created: Micros
}

/** A picture of a room, a user or the group. */
export interface PictureRecord {
  /** Long and random: whoever knows the address may look. */
  readonly id: string
  readonly type: 'image/jpeg' | 'image/png' | 'image/gif'
  readonly bytes: Uint8Array
}

export interface RoomStatistics {
  readonly messagesSent: number
  readonly lastActive: Micros | null
}

/** A file as its message has it. It is either elsewhere, at `url`, or kept here under `id`. */
export interface FileRecord {
  readonly name: string
  /** Bytes. */
  readonly size: number
  readonly url?: string
  readonly thumb_url?: string | null
  readonly id?: string
  /** Of a file that is kept here: whether browsers may show it. */
  readonly isPicture?: boolean
}

/** The bytes of a file that was shared through the API. */
export interface StoredFileRecord {
  /** Long and random: whoever knows the address may read. */
  readonly id: string
  readonly name: string
  readonly bytes: Uint8Array
}

/** Who a message or a change comes from. */
export type Author = (
  | { readonly kind: 'user'; readonly id: number }
  | { readonly kind: 'addon'; readonly oauthId: string; readonly key: string; readonly name: string }
  | { readonly kind: 'label'; readonly name: string }
) & {
  /** What a notification says beside the name: its `from`. */
  readonly label?: string
}

export interface MessageRecord {
  readonly id: string
  /** When it was posted; unique within the server, so that it orders messages too. */
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
  /** The card as JSON text, which is how HipChat's history has it. */
  readonly card?: string
}

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

export interface EmoticonRecord {
  readonly id: number
  readonly shortcut: string
  readonly url: string
  readonly type: 'group' | 'global'
  readonly width: number
  readonly height: number
  readonly creatorId: number | null
}

/** Who made something, and what they could do. */
export interface Maker {
  /** null: whoever runs the server. */
  readonly userId: number | null
  readonly scopes: readonly Scope[]
}

/** One installation of an add-on, which is also one OAuth client. */
export interface ClientRecord {
  readonly oauthId: string
  /** Number of the client in links. */
  readonly number: number
  /** Signs requests, so it cannot be kept as a hash. */
  readonly secret: string
  readonly key: string
  readonly name: string
  readonly fromName: string
  /** null: installed for the whole group. */
  readonly roomId: number | null
  readonly scopes: readonly Scope[]
  /** As it was when the installation was approved; changing the hosted file changes nothing. */
  readonly descriptor: Descriptor
  /** Who approved it, with the scopes of then: it may make nothing that tells more. Absent in older data. */
  readonly maker?: Maker
  /** `pending` while the add-on has not confirmed: its tokens work, its webhooks do not. */
  readonly status: 'pending' | 'live'
  readonly created: Micros
}

export interface WebhookRecord {
  readonly id: number
  readonly owner: { readonly oauthId: string } | { readonly userId: number }
  /** null: every room. */
  readonly roomId: number | null
  readonly event: EventName
  readonly url: string
  readonly pattern: string | null
  readonly name: string | null
  readonly key: string
  readonly authentication: 'none' | 'jwt'
  /** The grant of the token that a user made it with: it ends with that. Absent in older data, and for those of the seed. */
  readonly grant?: string
  /** From the descriptor: cannot be removed through REST. */
  readonly declared: boolean
  readonly created: Micros
}

export interface TokenRecord {
  readonly kind: Exclude<TokenKind, 'basic'>
  readonly use: 'access' | 'refresh'
  readonly scopes: readonly Scope[]
  readonly oauthId: string | null
  readonly userId: number | null
  readonly roomId: number | null
  /** Name shown for a token that belongs to nobody, and for one that somebody made for himself. */
  readonly label: string | null
  /** Milliseconds since 1970; null: never. */
  readonly expires: number | null
  /** The same for all tokens of one sign-in: access tokens, and the refresh tokens that came with them. */
  readonly session?: string
  /** Grant of the token with which this one was made at the token endpoint: it ends with that. */
  readonly madeWith?: string
  /** Made with the name and password of a user: it ends with that password. */
  readonly madeWithPassword?: true
  /** Of a room's token: the user who made it. It is good while they may make it. Absent in older data. */
  readonly madeBy?: number
  /** Of the chat page: good for what the page asks for, and counted as what a person does there. */
  readonly page?: boolean
  /** The token of the server's own administrator, made anew at each start. */
  readonly admin?: boolean
  readonly created: Micros
}

/** What a user allowed an add-on, until the add-on has exchanged the code for it. */
export interface CodeRecord {
  readonly oauthId: string
  readonly userId: number
  readonly scopes: readonly Scope[]
  readonly redirectUri: string
  /** The add-on named `redirectUri` when it asked, so it has to name it again. */
  readonly redirectNamed: boolean
  /** Of the tokens it is exchanged for: they go when somebody shows the code again. */
  readonly session: string
  readonly used: boolean
  /** Milliseconds since 1970. A used code is kept until then too. */
  readonly expires: number
}

/** What `installable_url` gives, once. */
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
  /** Reading it confirms the installation. */
  readonly confirms: boolean
  readonly expires: number
}

/** New content of one glance, as an add-on pushed it. Without a room it is for all rooms, without a user for everybody. */
export interface GlanceUpdateRecord {
  readonly oauthId: string
  /** Of the add-on. */
  readonly addonKey: string
  /** Of the glance. */
  readonly key: string
  readonly content: GlanceContent
  readonly roomId?: number
  readonly userId?: number
  readonly at: Date
}
