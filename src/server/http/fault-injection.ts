import { setTimeout as delay } from 'node:timers/promises'
import { operations } from '../../api/operations/index.ts'
import { CallRefusedError, reason } from '../errors.ts'

/** A failure that a test injects. At most one of `status` and `hangUp`; `delay` alone only makes the answer late. */
export interface Fault {
  /** HTTP status of the answer, 400 to 599. */
  readonly status?: number
  /** Message of the answer. Default: the standard text of the status. */
  readonly message?: string
  /** Value of `Retry-After` for a 429 or 503, in seconds. */
  readonly retryAfter?: number
  /** Closes the connection without an answer. */
  readonly hangUp?: true
  /** Delay before the failure or the answer, in milliseconds. Default: no delay. */
  readonly delay?: number
}

/** Failures that are waiting for calls. */
export interface Faults {
  /** Throws 400 for an unknown operation, and for a fault that is not valid. */
  add(operation: string, fault: Fault, times: number): void
  /** Fails the call if a fault is waiting for its operation. `hangUp` closes the connection. */
  meet(operation: string, hangUp: () => void): Promise<void>
  clear(): void
}

/** Creates an empty list of faults. */
export function createFaults(): Faults {
  const waiting = new Map<string, Fault[]>()
  return {
    add(operation, fault, times) {
      if (!Object.hasOwn(operations, operation))
        throw new CallRefusedError(400, `There is no operation ${operation} that could fail`)
      const { status, hangUp } = fault
      if (status !== undefined && !(Number.isInteger(status) && status >= 400 && status <= 599))
        throw new CallRefusedError(400, `status must be a whole number from 400 to 599, got ${status}`)
      if (status !== undefined && hangUp) throw new CallRefusedError(400, 'Give either status or hangUp')
      if (status === undefined && !hangUp && fault.delay === undefined)
        throw new CallRefusedError(400, 'Give status, hangUp or delay')
      waiting.set(operation, [...(waiting.get(operation) ?? []), ...Array<Fault>(times).fill(fault)])
    },
    async meet(operation, hangUp) {
      const fault = waiting.get(operation)?.shift()
      if (!fault) return
      if (fault.delay !== undefined) await delay(fault.delay)
      if (fault.hangUp) hangUp()
      const { status, retryAfter, message = reason(status ?? 500) } = fault
      if (status === undefined && !fault.hangUp) return
      throw new CallRefusedError(status ?? 500, message, {
        headers: retryAfter === undefined ? {} : headersOf(retryAfter),
      })
    },
    clear: () => waiting.clear(),
  }
}

const headersOf = (retryAfter: number) => ({
  'Retry-After': String(retryAfter),
  'X-Ratelimit-Remaining': '0',
  'X-Ratelimit-Reset': String(Math.ceil(Date.now() / 1000) + retryAfter),
})
