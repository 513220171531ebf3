import { type Notification, notification } from '../api/operations/messages.ts'
import { unknownName } from '../common/checks.ts'
import { Html } from '../common/html.ts'
import { typeName, validate } from '../common/validate.ts'
import { ConfigurationError } from '../errors.ts'
import { refuse } from '../option-checks.ts'

/** A message to post in a room: a string is sent as text, {@link Html} as HTML, a notification as it is. */
export type Message = string | Html | Notification

const known = Object.keys(notification['properties'] as object) // `object` puts the members there

/**
 * Turns a message into a notification, and refuses what HipChat would refuse. It also refuses unknown members: the
 * compiler accepts `{ message, colour }`, and HipChat ignores it.
 *
 * @throws {ConfigurationError}
 */
export function toNotification(message: unknown): Notification {
  if (typeof message === 'string') return checked({ message, message_format: 'text' })
  if (message instanceof Html) return checked({ message: message.toString(), message_format: 'html' })
  if (typeof message !== 'object' || message === null || Array.isArray(message))
    throw new ConfigurationError(
      `expected a message as a string, html\`…\` or a notification with a message, got ${typeName(message)}`,
    )
  refuse('notification', unknownName('member', Object.keys(message), known))
  const given = message as Record<string, unknown> // an object, as checked above
  return checked(
    given['message'] instanceof Html
      ? { message_format: 'html', ...given, message: String(given['message']) }
      : given,
  )
}

function checked(candidate: unknown): Notification {
  const result = validate(notification, candidate)
  if (result.ok) return result.value
  throw new ConfigurationError(`notification: ${result.problem.message}; nothing was sent`)
}
