import type { EventName } from '../api/events.ts'
import { ConfigurationError } from '../errors.ts'
import { expectFunction } from '../option-checks.ts'
import type { Logger } from '../telemetry/log.ts'
import { type Command, helpText, parseUsage } from './deliveries/command.ts'
import type { CommandContext, Handler } from './deliveries/context.ts'
import type { Webhook } from './deliveries/receive.ts'
import {
  type CommandOptions,
  checkCommandOptions,
  commandWebhook,
  eventWebhook,
  type WebhookOptions,
} from './deliveries/registration.ts'
import type { Keys } from './keys.ts'

/** What an author has registered so far; refuses what is wrong, comes twice or too late. */
export interface Registry {
  readonly webhooks: ReadonlyMap<string, Webhook>
  webhook(event: EventName, second: WebhookOptions | WebhookHandler, third?: WebhookHandler): Webhook
  command(usage: string, second: CommandOptions | CommandHandler, third?: CommandHandler): Webhook
  /** A command that lists all commands. */
  help(): void
  /** Refuses, from now on, everything that belongs into the descriptor. */
  end(): void
  refuseLate(what: string): void
}

type WebhookHandler = Webhook['handle']
type CommandHandler = Handler<CommandContext>

export function createRegistry(keys: Keys, log: Logger): Registry {
  const webhooks = new Map<string, Webhook>()
  const commands: Command[] = []
  let ended = false

  function refuseLate(what: string): void {
    if (ended)
      throw new ConfigurationError(
        `a ${what} was registered after listen() or callback(): servers have the descriptor by then`,
      )
  }

  function register(webhook: Webhook): Webhook {
    const { key, event } = webhook
    keys.take('webhook', key, `webhook ${event}`)
    webhooks.set(key, webhook)
    return webhook
  }

  const registry: Registry = {
    webhooks,

    webhook(event, second, third) {
      refuseLate('webhook or command')
      const [options, handler] = handlerLast<WebhookOptions, WebhookHandler>(
        `webhook ${event}`,
        second,
        third,
      )
      return register(eventWebhook(event, options, handler, log))
    },

    command(usage, second, third) {
      refuseLate('webhook or command')
      const [options, handler] = handlerLast<CommandOptions, CommandHandler>(
        `command ${usage}`,
        second,
        third,
      )
      checkCommandOptions(usage, options)
      expectFunction(handler, `command ${usage}: expected a handler`)
      const command = parseUsage(usage, options.description ?? '')
      if (commands.some(({ name }) => name === command.name))
        throw new ConfigurationError(`two commands are called /${command.name}`)
      const webhook = register(commandWebhook(command, options, handler))
      commands.push(command)
      return webhook
    },

    help() {
      registry.command('/help', { description: 'Lists the commands' }, () =>
        commands.map(helpText).join('\n'),
      )
    },

    end() {
      ended = true
    },
    refuseLate,
  }
  return registry
}

/** Options may be left out. Given after the handler they would be overlooked. */
function handlerLast<Options extends object, H>(
  what: string,
  second: Options | H | undefined,
  third: H | undefined,
): [options: Options | Record<string, never>, handler: H | undefined] {
  if (typeof second !== 'function') return [(second as Options | undefined) ?? {}, third] // as it is no handler
  if (third !== undefined)
    throw new ConfigurationError(`${what}: expected the handler last, after its options`)
  return [{}, second as H] // the only function of the two
}
