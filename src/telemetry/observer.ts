import type { IncomingHttpHeaders } from 'node:http'
import type { EventName } from '../api/events.ts'
import type { OperationId } from '../api/operations/index.ts'
import type { SignedRequestFault } from '../errors.ts'
import type { StoreVerb } from '../store/watched.ts'

/**
 * Observes what an add-on does, for metrics and traces. Everything is reported through this interface, so that neither
 * the client nor the path of a delivery knows the tools behind it.
 *
 * Unless noted, nothing that is reported contains a secret, a token, a signed request or the text of a message.
 */
export interface Observer {
  /** Runs the work of an activity, and returns or throws its result. After that the activity's outcome is filled in. */
  during<T>(activity: Activity, work: () => Promise<T>): Promise<T>
  /** Receives an event without a duration. Never throws. */
  happened(event: ObservedEvent): void
}

/** Returns the observer, if there is one. Called each time, since the observer is chosen when the add-on starts. */
export type Observing = () => Observer | undefined

/** Something that takes time. The members that are not `readonly` are filled in while it runs. */
export type Activity =
  | DeliveryActivity
  | HandlerActivity
  | JobActivity
  | CallActivity
  | TokenActivity
  | InstallingActivity
  | ExchangeActivity

/** A webhook delivery, from its arrival to its answer. */
export interface DeliveryActivity {
  readonly kind: 'delivery'
  /** `undefined` when there is no such webhook. */
  readonly event: EventName | undefined
  /** Key of the webhook; `undefined` when there is no such webhook. */
  readonly webhook: string | undefined
  /** Headers of the request, for finding a parent trace. They contain the signed request. */
  readonly headers: IncomingHttpHeaders
  /** Set when the delivery is answered. */
  outcome: DeliveryOutcome | undefined
}

/** A handler with the middleware around it. */
export interface HandlerActivity {
  readonly kind: 'handler'
  readonly event: EventName
  /** Key of the webhook. */
  readonly webhook: string
  /** The `oauthId` of the installation. */
  readonly installation: string
  /** Id of the room. */
  readonly room: number
}

/** An attempt at a job, an occurrence of a schedule, or a delivery that is retried. */
export interface JobActivity {
  readonly kind: 'job'
  readonly of: 'job' | 'schedule' | 'delivery'
  /** Name of the job or schedule, or key of the webhook. */
  readonly name: string
  /** The `oauthId` of the installation. */
  readonly installation: string
  /** Id of the room; `undefined` if it is not about one. */
  readonly room: number | undefined
  readonly attempt: number
  /** Set when the attempt has ended; `undefined` if `close()` interrupted it. */
  outcome: 'done' | 'skipped' | 'postponed' | 'retried' | 'given up' | undefined
}

/** A call of the API with all its attempts and waits. */
export interface CallActivity {
  readonly kind: 'call'
  readonly operation: OperationId
  readonly method: string
  /** Path of the operation, with the names of its parameters in braces. */
  readonly path: string
  /** Base address of the API. */
  readonly server: string
  /** HTTP status of the last answer; `undefined` when the last attempt got no answer. */
  status: number | undefined
  /** Number of requests sent so far. */
  attempts: number
}

/** The exchange of credentials for an access token. */
export interface TokenActivity {
  readonly kind: 'token'
  /** Address of the token endpoint. */
  readonly server: string
  /** HTTP status of the answer; `undefined` when there was no answer. */
  status: number | undefined
}

/** An installation, update or removal, by a server or by an administrator's browser. */
export interface InstallingActivity {
  readonly kind: 'installing'
  readonly turn: 'install' | 'update' | 'uninstall'
}

/** One HTTP exchange with a HipChat server, as part of any other activity. */
export interface ExchangeActivity {
  readonly kind: 'exchange'
}

/** The possible results of a delivery. */
export const deliveryResults = [
  'handled',
  'retried',
  'failed',
  'replayed',
  'unmatched',
  'own',
  'other_event',
  'gone',
  'refused',
  'unreadable',
  'busy',
  'closing',
  'store_failed',
  'error',
] as const

/** The result of a delivery. */
export type DeliveryResult = (typeof deliveryResults)[number]

/** How a delivery was answered. `acknowledged` means before its handler ended, so the result is not known yet. */
export interface DeliveryOutcome {
  readonly status: number
  readonly result: DeliveryResult | 'acknowledged'
}

/** The completed changes of an installation. */
export const lifecycleTurns = ['installed', 'updated', 'uninstalled'] as const

/** An event without a duration. */
export type ObservedEvent =
  /** The handler of an acknowledged delivery ended. */
  | { readonly kind: 'late delivery'; readonly event: EventName; readonly result: DeliveryResult }
  | { readonly kind: 'signed request refused'; readonly fault: SignedRequestFault }
  | { readonly kind: 'lifecycle'; readonly turn: (typeof lifecycleTurns)[number] }
  /** An installation, update or removal was refused with this HTTP status. */
  | { readonly kind: 'installation refused'; readonly status: number }
  /** An answer reported how much of a rate limit is left, from 0 to 1. */
  | { readonly kind: 'allowance'; readonly limit: 'api' | 'flood'; readonly left: number }
  /** A call waits for a rate limit to be renewed. */
  | { readonly kind: 'allowance wait'; readonly limit: 'api' | 'flood' }
  | { readonly kind: 'store failed'; readonly verb: StoreVerb }

/** Runs the work, observed if there is an observer. */
export function observed<T>(
  observer: Observer | undefined,
  activity: Activity,
  work: () => Promise<T>,
): Promise<T> {
  return observer ? observer.during(activity, work) : work()
}

/** Combines observers into one, the first outermost. Returns `undefined` if there are none. */
export function together(observers: readonly (Observer | undefined)[]): Observer | undefined {
  return observers
    .filter((observer) => observer !== undefined)
    .reduceRight<Observer | undefined>((inner, outer) => (inner ? pair(outer, inner) : outer), undefined)
}

const pair = (outer: Observer, inner: Observer): Observer => ({
  during: (activity, work) => outer.during(activity, () => inner.during(activity, work)),
  happened(happening) {
    outer.happened(happening)
    inner.happened(happening)
  },
})
