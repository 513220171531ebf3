import type { Operation, Parameters, ResultOf } from '../api/operation.ts'
import type { OperationId, Operations } from '../api/operations/index.ts'
import type { Outbound } from '../common/outbound.ts'
import type { ApiCallLog } from './addons/api-call-log.ts'
import type { Deliveries } from './addons/delivery.ts'
import type { GlanceUpdates } from './addons/glance-updates.ts'
import type { Installer } from './addons/installer.ts'
import type { Caller } from './auth/callers.ts'
import type { Presenter } from './chat/api-objects.ts'
import type { Chat } from './chat/chat-actions.ts'
import type { Faults } from './http/fault-injection.ts'
import type { Transfers } from './http/transfers.ts'
import type { Counter } from './http/window-counter.ts'
import type { Log } from './log.ts'
import type { Removals } from './state/removals.ts'
import type { State } from './state/state.ts'

/** The parts of a running server that handlers work with. */
export interface Context {
  readonly state: State
  readonly present: Presenter
  readonly chat: Chat
  readonly removals: Removals
  readonly installer: Installer
  readonly delivery: Pick<Deliveries, 'records' | 'find' | 'redeliver' | 'follow' | 'actAs'>
  readonly glances: GlanceUpdates
  readonly calls: ApiCallLog
  /** No other machine can reach the server. */
  readonly isLocal: boolean
  readonly outbound: Outbound
  readonly log: Log
  readonly faults: Faults
  readonly transfers: Transfers
  /** Counts failed sign-ins with a password. */
  readonly attempts: Counter
  /** In seconds. */
  readonly tokenLifetime: number
  /** Base of all links, without a trailing slash. */
  publicUrl(): string
}

/** Serves one operation. Throws {@link CallRefusedError} to refuse the call. */
export type Handler<O extends Operation, C = Context> = (
  parameters: Parameters<O>,
  caller: Caller,
  context: C,
) => ResultOf<O> | Promise<ResultOf<O>>

/** One handler for each operation of the table: a missing one does not compile. */
export type Handlers = { readonly [Id in OperationId]: Handler<Operations[Id]> }

/** The context for one call. Every write through it first checks that the caller still has their rights. */
export function limitedTo<C extends Context>({ renew }: Caller, context: C): C {
  const { state, chat } = context
  const write: State['write'] = (work) =>
    state.write(() => {
      renew()
      return work()
    })
  return { ...context, chat: chat.checked(renew), state: { ...state, write } }
}
