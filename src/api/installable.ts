import { type Infer, object, optional, string } from '../common/schema.ts'
import { longest } from './bounds.ts'
import { id } from './objects.ts'

/**
 * What a server tells an add-on about an installation: the body of the install callback, and the document behind
 * `installable_url` (`installation.md` section 1).
 *
 * `groupId` was always sent by HipChat, but its schema text does not list it; `roomId` is there only when the add-on
 * was installed into one room. Both were seen as text in test data.
 */
export const installable = object({
  oauthId: string({ minLength: 1, maxLength: 255 }),
  oauthSecret: string({ minLength: 1, maxLength: 255 }),
  capabilitiesUrl: string({ minLength: 1, maxLength: 2048 }),
  groupId: optional(id),
  roomId: optional(id),
  relayState: optional(string({ maxLength: longest.description })),
})

export type Installable = Infer<typeof installable>

/** The update callback: the same without the secret, which stays as it was. */
export const installableUpdate = object({
  oauthId: string({ minLength: 1, maxLength: 255 }),
  oauthSecret: optional(string({ minLength: 1, maxLength: 255 })),
  capabilitiesUrl: string({ minLength: 1, maxLength: 2048 }),
  groupId: optional(id),
  roomId: optional(id),
  relayState: optional(string({ maxLength: longest.description })),
})

export type InstallableUpdate = Infer<typeof installableUpdate>
