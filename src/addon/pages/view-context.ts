import type { EventName } from '../../api/events.ts'
import type { Scope } from '../../api/scopes.ts'
import { installationContext } from '../../installations/context.ts'
import type { InstallationServices } from '../../installations/services.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { EventContext } from '../deliveries/context.ts'
import type { Turn } from '../deliveries/task-queue.ts'
import type { JobContext } from '../jobs/job.ts'
import type { ScheduleContext } from '../jobs/schedule.ts'
import type { AnonymousContext, PageContext, ViewContext } from './page-context.ts'
import type { Session } from './session.ts'

/**
 * The context of a handler that failed, for `onError`. Only contexts of events have an `event` and, with
 * the scope `send_notification`, a `reply`; check this with `'reply' in context`. Only those of jobs have a `job`, and only
 * those of schedules a `schedule`.
 */
export type FailedContext<S extends Scope = Scope> =
  | EventContext<EventName, S>
  | JobContext<unknown, S>
  | ScheduleContext<S>
  | ViewContext<S>
  | PageContext<S>
  | AnonymousContext

/** Creates the context of a glance, or the base of a page's context. `services` are those of the session's installation. */
export function viewContext(
  services: InstallationServices,
  { roomId, user }: Session,
  module: string,
  parameters: Readonly<Record<string, string>>,
  turn: Pick<Turn, 'signal'>,
): ViewContext {
  const room = roomId === undefined ? undefined : services.room(roomId)
  return Object.assign(installationContext(services, roomId, turn, { module }), {
    module,
    room,
    user,
    parameters,
  })
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
