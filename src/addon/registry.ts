import type { EventName } from '../api/events.ts'
import { ConfigurationError } from '../errors.ts'
import { expectFunction } from '../option-checks.ts'
import type { Logger } from '../telemetry/log.ts'
import { type Command, helpText, parseUsage } from './deliveries/command.ts'
import type { CommandContext, Handler } from './deliveries/context.ts'
import type { Webhook } from './deliveries/delivery.ts'
import {
  type CommandOptions,
  checkCommandOptions,
  commandWebhook,
  eventWebhook,
  type WebhookOptions,
} from './deliveries/registration.ts'
import { handlerLast } from './handler-last.ts'
import type { Keys } from './keys.ts'

/**
 * The registered webhooks and commands. Throws a ConfigurationError for one that is invalid, duplicate or too
 * late.
 */
export interface Registry {
  readonly webhooks: ReadonlyMap<string, Webhook>
  webhook(event: EventName, second: WebhookOptions | WebhookHandler, third?: WebhookHandler): Webhook
  command(usage: string, second: CommandOptions | CommandHandler, third?: CommandHandler): Webhook
  /** Registers `/help`, which lists all commands. */
  help(): void
  /** Ends registration: from now on `refuseLate` throws. */
  end(): void
  /** Throws a ConfigurationError, which names `what`, if registration has ended. */
  refuseLate(what: string): void
}

type WebhookHandler = Webhook['handle']
type CommandHandler = Handler<CommandContext>

/** Creates the registry. `durable` is the default of that option. */
export function createRegistry(keys: Keys, durable: boolean, log: Logger): Registry {
  const webhooks = new Map<string, Webhook>()
  const commands: Command[] = []
  let ended = false

  function refuseLate(what: string): void {
    if (ended)
      throw new ConfigurationError(
        `a ${what} was registered after listen() or callback(): servers may already have the descriptor`,
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
      return register(eventWebhook(event, options, handler, durable, log))
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
      const webhook = register(commandWebhook(command, options, handler, durable))
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
