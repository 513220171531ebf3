import type { DeliveryBody, EventName } from '../../api/events.ts'
import type { Notification } from '../../api/operations/messages.ts'
import type { Credentials } from '../../installations/installation.ts'
import type { DeliveryOutcome } from '../../telemetry/observer.ts'
import type { EventContext, Returned } from './context.ts'
import type { RetryPolicy } from './retry.ts'

/** A webhook with its handler. */
export interface Webhook {
  /** Part of its address and, in descriptors, its module key. */
  readonly key: string
  readonly event: EventName
  /** Matched against the message; without a match the handler does not run. */
  readonly expression: RegExp | undefined
  /** The pattern in the descriptor, which the server matches; `undefined` for all messages. */
  readonly pattern: string | undefined
  readonly name: string
  /** Whether it is in the descriptor. Otherwise its deliveries come from webhooks created through REST. */
  readonly declared: boolean
  /** Whether deliveries from one room wait for each other. */
  readonly ordered: boolean
  /** Whether its deliveries outlive the process, where the store can keep them. */
  readonly durable: boolean
  /** When a handler that failed runs again; `undefined` for never. */
  readonly retry: RetryPolicy | undefined
  readonly handle: (context: EventContext) => Returned | Promise<Returned>
}

/** A delivery for one of the add-on's handlers: verified, read, and not handled yet. */
export interface Delivery {
  /** The id of its token, which is unique within the installation. */
  readonly id: string
  readonly credentials: Credentials
  readonly webhook: Webhook
  readonly body: DeliveryBody
  /** The body as it arrived. */
  readonly text: string
  /** The match of the webhook's pattern; `undefined` if it has none. */
  readonly match: RegExpMatchArray | undefined
  /** What its token claims as its lifetime, in milliseconds. */
  readonly lifetime: number
  /** 1, or more after its handler failed, or a process ended while it handled this delivery. */
  readonly attempt: number
  /** Runs its handler while no other delivery with this member runs: one that may have ended processes. */
  alone?<T>(work: () => Promise<T>): Promise<T>
  /** Is called when it is recorded that it is handled here. */
  accepted?(): void
  /** Whether it has been answered by now, before its handler ended, so that its message must be sent as a call. */
  acknowledged: boolean
}

/** The answer to a delivery. A notification is posted into the room; a string explains a refusal. */
export interface DeliveryAnswer extends DeliveryOutcome {
  readonly body?: Notification | string
  readonly headers?: Readonly<Record<string, string>>
}
