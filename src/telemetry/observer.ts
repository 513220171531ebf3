import type { IncomingHttpHeaders } from 'node:http'
import type { EventName } from '../api/events.ts'
import type { OperationId } from '../api/operations/index.ts'
import type { SignedRequestFault } from '../errors.ts'
import type { StoreVerb } from '../store/watched.ts'

/**
 * Looks on at what an add-on does, for metrics and traces. Whatever is observed is told here and nowhere else, so that
 * neither the client nor the path of a delivery knows who wants to know.
 *
 * Nothing here holds a secret, a token, a signed request or what was said.
 */
export interface Observer {
  /** Does the work of an activity, and gives or throws what the work does. When it ends, the activity says how. */
  during<T>(activity: Activity, work: () => Promise<T>): Promise<T>
  /** Told of what has no length. Never throws. */
  happened(happening: ObservedEvent): void
}

/** Gives the observer, if anybody observes: asked anew each time, since that is settled when an add-on starts. */
export type Observing = () => Observer | undefined

/** Something that takes time. What can be written is filled in while it goes on. */
export type Activity =
  | DeliveryActivity
  | HandlerActivity
  | CallActivity
  | TokenActivity
  | InstallingActivity
  | ExchangeActivity

/** A delivery, from its arrival to its answer. */
export interface DeliveryActivity {
  readonly kind: 'delivery'
  /** `undefined` when there is no such webhook. */
  readonly event: EventName | undefined
  readonly webhook: string | undefined
  /** Of the request: for who finds its trace in them. They hold the signed request. */
  readonly headers: IncomingHttpHeaders
  outcome: DeliveryOutcome | undefined
}

/** A handler with the middleware around it. */
export interface HandlerActivity {
  readonly kind: 'handler'
  readonly event: EventName
  readonly webhook: string
  readonly installation: string
  readonly room: number
}

/** A call of the API with all its attempts and waits. */
export interface CallActivity {
  readonly kind: 'call'
  readonly operation: OperationId
  readonly method: string
  /** Path of the operation with its parameters' names in braces. */
  readonly path: string
  /** Base address of the API. */
  readonly server: string
  /** Of the last answer; `undefined` when the last attempt got none. */
  status: number | undefined
  attempts: number
}

/** Credentials are exchanged for an access token. */
export interface TokenActivity {
  readonly kind: 'token'
  /** Address of the token endpoint. */
  readonly server: string
  status: number | undefined
}

/** A server, or an administrator's browser, installs, updates or removes the add-on. */
export interface InstallingActivity {
  readonly kind: 'installing'
  readonly turn: 'install' | 'update' | 'uninstall'
}

/** One HTTP exchange with a server of HipChat's, as part of any of these. */
export interface ExchangeActivity {
  readonly kind: 'exchange'
}

/** What became of a delivery. */
export const deliveryResults = [
  'handled',
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

export type DeliveryResult = (typeof deliveryResults)[number]

/** How a delivery was answered; `acknowledged`: before its handler had ended, so that nobody knows the result yet. */
export interface DeliveryOutcome {
  readonly status: number
  readonly result: DeliveryResult | 'acknowledged'
}

/** Turns in an installation's life that were completed. */
export const lifecycleTurns = ['installed', 'updated', 'uninstalled'] as const

export type ObservedEvent =
  /** A delivery that had been acknowledged came to its end. */
  | { readonly kind: 'late delivery'; readonly event: EventName; readonly result: DeliveryResult }
  | { readonly kind: 'signed request refused'; readonly fault: SignedRequestFault }
  | { readonly kind: 'lifecycle'; readonly turn: (typeof lifecycleTurns)[number] }
  /** An installation, update or removal was refused with this HTTP status. */
  | { readonly kind: 'installation refused'; readonly status: number }
  /** An answer told how much of an allowance is left, from 0 to 1. */
  | { readonly kind: 'allowance'; readonly limit: 'api' | 'flood'; readonly left: number }
  /** A call waits for an allowance to be renewed. */
  | { readonly kind: 'allowance wait'; readonly limit: 'api' | 'flood' }
  | { readonly kind: 'store failed'; readonly verb: StoreVerb }

/** Does the work, looked on at if anybody observes. */
export function observed<T>(
  observer: Observer | undefined,
  activity: Activity,
  work: () => Promise<T>,
): Promise<T> {
  return observer ? observer.during(activity, work) : work()
}

/** Several observers as one, the first one outermost; none as none. */
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
