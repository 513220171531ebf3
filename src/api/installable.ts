import { type Infer, object, optional, string } from '../common/schema.ts'
import { longest } from './bounds.ts'
import { id } from './objects.ts'

/**
 * What a server tells an add-on about an installation: the body of the install callback, and the document at
 * `installable_url` (`installation.md` section 1).
 *
 * HipChat always sent `groupId`, although its published schema does not list it; `roomId` is present only when the
 * add-on was installed in one room. In test data both also occur as strings.
 */
export const installable = object({
  oauthId: string({ minLength: 1, maxLength: 255 }),
  oauthSecret: string({ minLength: 1, maxLength: 255 }),
  capabilitiesUrl: string({ minLength: 1, maxLength: 2048 }),
  groupId: optional(id),
  roomId: optional(id),
  relayState: optional(string({ maxLength: longest.description })),
})

/** The data of a new installation, as a server sends it. */
export type Installable = Infer<typeof installable>

/** The body of the update callback: the same without the secret, which does not change. */
export const installableUpdate = object({
  oauthId: string({ minLength: 1, maxLength: 255 }),
  oauthSecret: optional(string({ minLength: 1, maxLength: 255 })),
  capabilitiesUrl: string({ minLength: 1, maxLength: 2048 }),
  groupId: optional(id),
  roomId: optional(id),
  relayState: optional(string({ maxLength: longest.description })),
})

/** The data of an updated installation, as a server sends it. */
export type InstallableUpdate = Infer<typeof installableUpdate>
