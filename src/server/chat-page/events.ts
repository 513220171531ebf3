import type { GlanceContent } from '../../api/glance.ts'
import type { Message, User } from '../../api/objects.ts'
import type { ApiCall } from '../addons/api-call-log.ts'
import type { PageRoom, PageUser } from './routes.ts'

/** Path, below `/page`, of the connection over which the page hears of changes. */
export const updatesPath = '/updates'

/** What the connection tells, by the name of the event. */
export interface PageEvents {
  message: { readonly room_id: number; readonly message: Message }
  /** `user_id`: the other one. */
  private_message: { readonly user_id: number; readonly message: Message }
  room: PageRoom
  room_removed: { readonly id: number }
  /** Somebody entered a room, or left it. */
  participant: {
    readonly room_id: number
    readonly user_id: number
    readonly is_here: boolean
    /** How many are in the room now. */
    readonly participants: number
  }
  /** A user as they are now; or only their presence, when nothing else has changed. */
  user: PageUser | { readonly id: number; readonly presence: NonNullable<User['presence']> | null }
  /** The add-ons of a room have changed, or those of the group. */
  integrations: { readonly room_id: number | null }
  /** Without a room it is for all rooms. */
  glance: {
    readonly oauth_id: string
    readonly addon_key: string
    readonly key: string
    readonly room_id: number | null
    readonly content: GlanceContent
  }
  /** For administrators: an add-on was told something. Asked for by its id. */
  delivery: { readonly id: number }
  /** For administrators. */
  call: ApiCall
  /** Too much was missed: everything has to be asked for again. */
  reset: Record<string, never>
}
