import { alwaysSent, type Infer, nullable, object, oneOf, optional, string } from '../common/schema.ts'
import { eventNames } from './events.ts'
import { authentication, id, roomReference, userReference } from './objects.ts'

/**
 * How the deliveries of a webhook that an add-on makes through REST are signed when it does not say. A user's webhook is
 * never signed: there is no secret for it.
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

/** HipChat answered the call that made one with `id` and `links` alone. */
export const webhook = object({ id, ...webhookMembers })

/** The answer to whoever asked for one, and so has its id or key already. */
export const namedWebhook = object({ id: alwaysSent(id), ...webhookMembers })

export type Webhook = Infer<typeof webhook>
