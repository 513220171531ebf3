import { createHash } from 'node:crypto'
import { type EventName, eventNames, events, isEventName } from '../../api/events.ts'
import { typeName } from '../../common/validate.ts'
import { ConfigurationError } from '../../errors.ts'
import type { Logger } from '../../telemetry/log.ts'
import { type Command, helpText, parseArguments } from './command.ts'
import type { CommandContext, EventContext, Handler } from './context.ts'
import { translatePattern } from './pattern.ts'
import type { Webhook } from './receive.ts'

/** Options of a webhook. */
export interface WebhookOptions {
  /**
   * Which messages the handler is for: those in which it finds something. Only for `room_message` and
   * `room_notification`; default is every message. The server looks first, so that only these are delivered.
   */
  readonly pattern?: RegExp
  /**
   * Part of the webhook's address. Default: the event, and a digest of the pattern. Servers keep the address they were
   * told at installation, so give a key if the pattern may change and old installations are to be served as well.
   */
  readonly key?: string
  /** Label in the descriptor. Default: the key. */
  readonly name?: string
  /**
   * `false` leaves the webhook out of the descriptor: it is then made per room, with
   * `room.createRoomWebhook({ url: webhook.url, event, authentication: 'jwt' })`. Default true.
   */
  readonly declared?: boolean
  /** `false` lets deliveries of one room run at the same time, so that a handler may wait for the next message. Default true. */
  readonly ordered?: boolean
}

/** Options of a command. */
export interface CommandOptions {
  /** What help says about it. */
  readonly description?: string
  /** As for webhooks. */
  readonly ordered?: boolean
}

// Descriptors allow 40 for a module's key, and a command's begins with `command.`.
const LONGEST_NAME = 32

type Type = 'string' | 'boolean' | 'RegExp'

const webhookOptions: { readonly [Name in keyof WebhookOptions]-?: Type } = {
  pattern: 'RegExp',
  key: 'string',
  name: 'string',
  declared: 'boolean',
  ordered: 'boolean',
}
const commandOptions: { readonly [Name in keyof CommandOptions]-?: Type } = {
  description: 'string',
  ordered: 'boolean',
}

/** Makes a webhook of what the author registered; refuses what cannot work, naming it. */
export function eventWebhook(
  event: EventName,
  options: WebhookOptions,
  handle: Webhook['handle'] | undefined,
  log: Logger,
): Webhook {
  if (!isEventName(event))
    throw new ConfigurationError(`webhook: expected one of ${eventNames.join(', ')}; came ${String(event)}`)
  if (typeof handle !== 'function')
    throw new ConfigurationError(`webhook ${event}: expected a handler, came ${typeName(handle)}`)
  checkOptions(`webhook ${event}`, options, webhookOptions, '{ pattern: /^hello/ }')
  const { pattern: expression } = options
  if (expression && !events[event].pattern)
    throw new ConfigurationError(
      `webhook ${event}: only message events have a text that a pattern could match`,
    )
  const key = options.key ?? keyFor(event, expression)
  return {
    key,
    event,
    expression,
    pattern: expression && serverPattern(expression, key, log),
    name: options.name ?? key,
    declared: options.declared ?? true,
    ordered: options.ordered ?? true,
    handle,
  }
}

/** Makes a webhook of a command: parses what follows its name, and answers for help and mistakes itself. */
export function commandWebhook(
  command: Command,
  options: CommandOptions,
  handle: Handler<CommandContext>,
): Webhook {
  if (command.name.length > LONGEST_NAME)
    throw new ConfigurationError(
      `command /${command.name}: its name may have ${LONGEST_NAME} characters at most`,
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
    async handle(context) {
      const text = context.match?.[1]?.trim() ?? ''
      if (text.toLowerCase() === 'help') return helpText(command)
      const parsed = parseArguments(command, text)
      if (!parsed.ok) return `${parsed.fault} Usage: ${command.usage}`
      // A command is a room_message whose text was matched and parsed just above.
      return handle(Object.assign(context, { args: parsed.args }) as EventContext as CommandContext)
    },
  }
}

/**
 * A webhook's address stays with every installation until that is updated. So it comes from what the webhook is, never
 * from its place among the others: adding one handler must not send another's deliveries astray.
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
    `the server cannot run this pattern: ${translated.reason}. Every message is delivered and matched here`,
  )
  return undefined
}

/** Refuses options of a command that are none, before anything is read from them. */
export function checkCommandOptions(usage: string, options: unknown): asserts options is CommandOptions {
  checkOptions(`command ${String(usage).split(' ')[0]}`, options, commandOptions, "{ description: '…' }")
}

function checkOptions(
  what: string,
  options: unknown,
  known: Readonly<Record<string, Type>>,
  example: string,
): void {
  if (typeof options !== 'object' || options === null || options instanceof RegExp)
    throw new ConfigurationError(`${what}: expected options such as ${example}, came ${typeOf(options)}`)
  for (const [name, value] of Object.entries(options)) {
    const type = Object.hasOwn(known, name) ? known[name] : undefined
    if (!type)
      throw new ConfigurationError(
        `${what}: there is no option ${name}; known are ${Object.keys(known).join(', ')}`,
      )
    if (value === undefined || typeOf(value) === type) continue
    const expected = { string: 'a text', boolean: 'true or false', RegExp: 'a RegExp such as /^\\/deploy/i' }
    throw new ConfigurationError(`${what}: expected ${name} to be ${expected[type]}, came ${typeOf(value)}`)
  }
}

const typeOf = (value: unknown): string => (value instanceof RegExp ? 'RegExp' : typeName(value))
