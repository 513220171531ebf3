import type { GlanceContent } from '../../api/glance.ts'
import type { Message, User } from '../../api/objects.ts'
import type { ApiCall } from '../addons/api-call-log.ts'
import type { PageRoom, PageUser } from './routes.ts'

/** Path, below `/page`, of the connection that sends changes to the page. */
export const updatesPath = '/updates'

/** Data of the events on that connection, by event name. */
export interface PageEvents {
  message: { readonly room_id: number; readonly message: Message }
  /** `user_id` is the other person. */
  private_message: { readonly user_id: number; readonly message: Message }
  room: PageRoom
  room_removed: { readonly id: number }
  /** A user entered or left a room. */
  participant: {
    readonly room_id: number
    readonly user_id: number
    readonly is_here: boolean
    /** Number of people who are in the room now. */
    readonly participants: number
  }
  /** A user as they are now; or only their presence, when nothing else has changed. */
  user: PageUser | { readonly id: number; readonly presence: NonNullable<User['presence']> | null }
  /** The add-ons of a room, or of the group, have changed. */
  integrations: { readonly room_id: number | null }
  /** Without a room it is for all rooms. */
  glance: {
    readonly oauth_id: string
    readonly addon_key: string
    readonly key: string
    readonly room_id: number | null
    readonly content: GlanceContent
  }
  /** For administrators: a delivery was made. Details are requested by its id. */
  delivery: { readonly id: number }
  /** For administrators. */
  call: ApiCall
  /** Too many changes were missed: the page must load everything again. */
  reset: Record<string, never>
}
