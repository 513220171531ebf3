import { createHash } from 'node:crypto'
import { type EventName, eventNames, events, isEventName } from '../../api/events.ts'
import { type Checks, expecting, flag, string } from '../../common/checks.ts'
import { typeName } from '../../common/validate.ts'
import { ConfigurationError } from '../../errors.ts'
import { checkOptions } from '../../option-checks.ts'
import type { Logger } from '../../telemetry/log.ts'
import { type Command, helpText, parseArguments } from './command.ts'
import type { CommandContext, EventContext, Handler } from './context.ts'
import type { Webhook } from './delivery.ts'
import { translatePattern } from './pattern.ts'
import { checkRetry, type RetryOptions, retryPolicy } from './retry.ts'

/** Options of a webhook. */
export interface WebhookOptions {
  /**
   * Runs the handler only for messages that match. Only for `room_message` and `room_notification`. The
   * server matches too, so that only these messages are delivered. Default: every message.
   */
  readonly pattern?: RegExp
  /**
   * Part of the webhook's address: 1 to 40 letters, digits, `-`, `_` and `.`. Servers store the address at
   * installation, so set a key if the pattern may change and old installations must continue to work.
   * Default: the event, plus a digest of the pattern.
   */
  readonly key?: string
  /** Label in the descriptor. Default: the key. */
  readonly name?: string
  /**
   * `false` leaves the webhook out of the descriptor; create it per room with
   * `room.createRoomWebhook({ url: webhook.url, event, authentication: 'jwt' })`. Default true.
   */
  readonly declared?: boolean
  /**
   * Whether deliveries from one room are handled one after the other. With `false` they run at the same
   * time, so that a handler can wait for the next message. Default true.
   */
  readonly ordered?: boolean
  /**
   * Whether a delivery outlives its process: if it is killed, the next one calls the handler again. Only with a store that
   * can keep deliveries: the embedded one, or Redis. Default: the option `durable` of `createAddon`.
   */
  readonly durable?: boolean
  /**
   * When a handler that failed runs again. The delivery is acknowledged then, and the message that the handler returns is sent
   * as a notification. After the last attempt, `onError` gets the error, and the delivery is kept for a week. Default: never;
   * `onError` gets the error at once.
   */
  readonly retry?: RetryOptions
}

/** Options of a command. */
export interface CommandOptions {
  /** Shown by `/name help` and `/help`, after the usage. Default: only the usage is shown. */
  readonly description?: string
  /** As for webhooks: whether deliveries from one room are handled one after the other. Default true. */
  readonly ordered?: boolean
  /** As for webhooks: whether a delivery outlives its process. Default: the option `durable` of `createAddon`. */
  readonly durable?: boolean
  /** As for webhooks: when a handler that failed runs again. Default: never. */
  readonly retry?: RetryOptions
}

// Descriptors allow 40 characters for a module key, and the key of a command starts with `command.`.
const longestName = 32

const webhookOptions: Checks<WebhookOptions> = {
  pattern: expecting('a RegExp such as /^\\/deploy/i', (value) => value instanceof RegExp),
  key: string,
  name: string,
  declared: flag,
  ordered: flag,
  durable: flag,
  retry: checkRetry,
}
const commandOptions: Checks<CommandOptions> = {
  description: string,
  ordered: flag,
  durable: flag,
  retry: checkRetry,
}

/**
 * Creates a webhook for an event. Throws a {@link ConfigurationError} that names the invalid argument or
 * option.
 */
export function eventWebhook(
  event: EventName,
  options: WebhookOptions,
  handle: Webhook['handle'] | undefined,
  durable: boolean,
  log: Logger,
): Webhook {
  if (!isEventName(event))
    throw new ConfigurationError(`webhook: expected one of ${eventNames.join(', ')}; got ${String(event)}`)
  if (typeof handle !== 'function')
    throw new ConfigurationError(`webhook ${event}: expected a handler, got ${typeName(handle)}`)
  checkOptions(`webhook ${event}`, options, webhookOptions)
  const { pattern: expression } = options
  if (expression && !events[event].pattern)
    throw new ConfigurationError(`webhook ${event}: a pattern is only for room_message and room_notification`)
  const key = options.key ?? keyFor(event, expression)
  return {
    key,
    event,
    expression,
    pattern: expression && serverPattern(expression, key, log),
    name: options.name ?? key,
    declared: options.declared ?? true,
    ordered: options.ordered ?? true,
    durable: options.durable ?? durable,
    retry: options.retry && retryPolicy(options.retry),
    handle,
  }
}

/**
 * Creates a webhook for a command. It parses the arguments, and answers to `help` and to invalid arguments
 * itself.
 */
export function commandWebhook(
  command: Command,
  options: CommandOptions,
  handle: Handler<CommandContext>,
  durable: boolean,
): Webhook {
  if (command.name.length > longestName)
    throw new ConfigurationError(
      `command /${command.name}: expected a name of at most ${longestName} characters, got ${command.name.length}`,
    )
  const translated = translatePattern(command.pattern)
  return {
    key: `command.${command.name}`,
    event: 'room_message',
    expression: command.pattern,
    pattern: translated.ok ? translated.pattern : undefined,
    name: `/${command.name}`,
    declared: true,
    ordered: options.ordered ?? true,
    durable: options.durable ?? durable,
    retry: options.retry && retryPolicy(options.retry),
    async handle(context) {
      const text = context.match?.[1]?.trim() ?? ''
      if (text.toLowerCase() === 'help') return helpText(command)
      const parsed = parseArguments(command, text)
      if (!parsed.ok) return `${parsed.fault} Usage: ${command.usage}`
      // A command is a room_message; its arguments were parsed just above.
      return handle(Object.assign(context, { args: parsed.args }) as EventContext as CommandContext)
    },
  }
}

/**
 * The default key. Every installation has the webhook's address until it is updated, so the key depends on
 * the webhook and not on its position: adding a handler must not redirect the deliveries of another.
 */
function keyFor(event: EventName, expression: RegExp | undefined): string {
  if (!expression) return event
  const digest = createHash('sha256').update(String(expression)).digest('hex')
  return `${event}.${digest.slice(0, 8)}`
}

function serverPattern(expression: RegExp, key: string, log: Logger): string | undefined {
  const translated = translatePattern(expression)
  if (translated.ok) return translated.pattern
  log.warn(
    { webhook: key, pattern: String(expression) },
    `the server cannot run this pattern: ${translated.reason}. It delivers every message, and the add-on matches them`,
  )
  return undefined
}

/** Checks the options of a command, before anything reads them. */
export function checkCommandOptions(usage: string, options: unknown): asserts options is CommandOptions {
  checkOptions(`command ${String(usage).split(' ')[0]}`, options, commandOptions)
}
