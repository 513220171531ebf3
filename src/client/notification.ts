import { type Notification, notification } from '../api/operations/messages.ts'
import { Html } from '../common/html.ts'
import { typeName, validate } from '../common/validate.ts'
import { ConfigurationError } from '../errors.ts'

/** What can be said in a room: a text goes out as text, HTML as HTML, a notification as it is. */
export type Message = string | Html | Notification

const known = Object.keys(notification['properties'] as object) // `object` puts the members there

/**
 * Turns what a handler says into a notification, and refuses what HipChat would: the compiler lets `{ message, colour }`
 * pass, and HipChat ignores it.
 */
export function toNotification(message: unknown): Notification {
  if (typeof message === 'string') return checked({ message, message_format: 'text' })
  if (message instanceof Html) return checked({ message: message.toString(), message_format: 'html' })
  if (typeof message !== 'object' || message === null || Array.isArray(message))
    throw new ConfigurationError(
      `a message must be a text, html\`…\` or a notification with a message, not ${typeName(message)}`,
    )
  const surplus = Object.keys(message).find((name) => !known.includes(name))
  if (surplus)
    throw new ConfigurationError(
      `notification: ${surplus} is not a member of it; known are ${known.join(', ')}`,
    )
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
