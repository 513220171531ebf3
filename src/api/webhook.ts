import { alwaysSent, type Infer, nullable, object, oneOf, optional, string } from '../common/schema.ts'
import { eventNames } from './events.ts'
import { authentication, id, roomReference, userReference } from './objects.ts'

/**
 * The default authentication of a webhook that an add-on creates through REST. Deliveries of a user's webhook are never
 * signed, since there is no secret for them.
 */
export const defaultAuthentication = 'jwt'

const webhookMembers = {
  key: optional(nullable(string())),
  name: optional(nullable(string())),
  url: alwaysSent(string({ format: 'uri' })),
  event: alwaysSent(string({ sent: eventNames })),
  pattern: optional(nullable(string())),
  authentication: optional(oneOf(authentication, { default: defaultAuthentication })),
  created: optional(string({ format: 'date-time' })),
  room: optional(nullable(roomReference)),
  creator: optional(nullable(userReference)),
  links: optional(object({ self: alwaysSent(string({ format: 'uri' })) })),
} as const

/** A webhook. HipChat answered the call that created one with `id` and `links` only. */
export const webhook = object({ id, ...webhookMembers })

/** The answer to a request for one webhook. Its id may be missing, since the caller already has the id or key. */
export const namedWebhook = object({ id: alwaysSent(id), ...webhookMembers })

/** A webhook that was registered through REST. */
export type Webhook = Infer<typeof webhook>
