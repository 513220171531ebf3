import type { EventName } from '../../api/events.ts'
import type { Scope } from '../../api/scopes.ts'
import type { Installation } from '../../installations/installation.ts'
import type { InstallationServices } from '../../installations/services.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { EventContext } from '../deliveries/context.ts'
import type { Turn } from '../deliveries/task-queue.ts'
import type { AnonymousContext, PageContext, ViewContext } from './page-context.ts'
import type { Session } from './session.ts'

/**
 * The context of a handler that failed, for `onError`. Only contexts of events have an `event` and, with
 * the scope `send_notification`, a `reply`; check this with `'reply' in context`.
 */
export type FailedContext<S extends Scope = Scope> =
  | EventContext<EventName, S>
  | ViewContext<S>
  | PageContext<S>
  | AnonymousContext

/** Creates the context of a glance, or the base of a page's context. */
export function viewContext(
  { servicesOf }: { servicesOf(installation: Installation): InstallationServices },
  { credentials, roomId, user }: Session,
  module: string,
  parameters: Readonly<Record<string, string>>,
  { signal }: Pick<Turn, 'signal'>,
): ViewContext {
  const { installation } = credentials
  const services = servicesOf(installation)
  let log: Logger | undefined
  return {
    module,
    installation,
    client: services.client,
    store: services.values,
    glance: services.glances(roomId),
    get log() {
      log ??= services.log.child({ module })
      return log
    },
    signal,
    room: roomId === undefined ? undefined : services.room(roomId),
    user,
    parameters,
  }
}

/** Creates the context of a page without authentication. */
export const anonymousContext = (
  { log }: { readonly log: Logger },
  module: string,
  { theme, parameters }: Pick<AnonymousContext, 'theme' | 'parameters'>,
  { signal }: Turn,
): AnonymousContext => ({ module, theme, parameters, log: log.child({ module }), signal })

/** The values from the client that are listed in the module's option `parameters`. */
export const parametersOf = (
  { parameters }: { readonly parameters: readonly string[] },
  query: URLSearchParams,
): Readonly<Record<string, string>> =>
  // Without a prototype: a parameter may have any name.
  Object.assign(
    Object.create(null),
    Object.fromEntries(parameters.map((name) => [name, query.get(name) ?? ''])),
  )
