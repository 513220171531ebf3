import type { Message } from '../../../api/objects.ts'
import type { PageIntegration, PageModule, PageRoom } from '../../../server/chat-page/routes.ts'
import { cardOf } from '../messages/card.ts'
import { me } from '../store.ts'
import { holds, patternsIn, type Subject } from './conditions.ts'
import { openForPerson, present, targetOptions } from './opening.ts'
import { type MessageParameters, parametersOf } from './parameters.ts'
import { tested } from './patterns.ts'

/** A menu entry of an add-on. */
export interface Action {
  readonly key: string
  readonly name: string
  readonly addon: string
  choose(): void
}

/** The add-ons' entries in the menu of a message whose conditions hold. */
export function messageActions(room: PageRoom, message: Message): Promise<readonly Action[]> {
  const style = cardOf(message)?.style
  return actionsAt('hipchat.message.action', room, { message: parametersOf(message), cardStyle: style })
}

/** The add-ons' entries in the menu next to the message field. */
export const inputActions = (room: PageRoom): Promise<readonly Action[]> =>
  actionsAt('hipchat.input.action', room, {})

async function actionsAt(
  location: string,
  room: PageRoom,
  about: Pick<Subject, 'message' | 'cardStyle'>,
): Promise<readonly Action[]> {
  const { value: user } = me
  if (!user) return []
  const found = present.value
    .flatMap((integration) => integration.modules.map((module) => ({ integration, module })))
    .filter(({ module }) => module.type === 'action' && module.location === location)
    .sort((one, other) => one.module.weight - other.module.weight)
  const { message } = about
  // All at once: a slow pattern uses only its own time.
  const patterns = message ? found.flatMap(({ module }) => patternsIn(module.conditions)) : []
  const matches = await tested(patterns, message?.body ?? '')
  return found
    .filter(({ module }) => holds(module.conditions, { room, user, ...about, matches }))
    .map(({ integration, module }) => actionOf(integration, module, room, message))
}

function actionOf(
  integration: PageIntegration,
  module: PageModule,
  room: PageRoom,
  message: MessageParameters | undefined,
): Action {
  const { key, name, target } = module
  return {
    key: `${integration.oauth_id} ${key}`,
    name,
    addon: integration.name,
    choose() {
      const { values, ...options } = targetOptions(target?.options)
      openForPerson({
        ...options,
        integration,
        room,
        key: target?.key ?? '',
        event: [key, message ?? {}],
        values: { ...values, ...(message ? { message } : {}) },
      })
    },
  }
}
