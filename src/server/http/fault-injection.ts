import { setTimeout as delay } from 'node:timers/promises'
import { operations } from '../../api/operations/index.ts'
import { CallRefusedError, reason } from '../errors.ts'

/** A failure that a test asks for. One of `status` and `hangUp`; `delay` alone only makes the answer late. */
export interface Fault {
  /** HTTP status of the refusal, 400 to 599. */
  readonly status?: number
  /** What it says. Default: the standard text of the status. */
  readonly message?: string
  /** Seconds after which another try is welcome, for a 429 or 503. */
  readonly retryAfter?: number
  /** Ends the connection without an answer. */
  readonly hangUp?: true
  /** Milliseconds that pass before. */
  readonly delay?: number
}

/** Failures that are waiting for calls. */
export interface Faults {
  /** Throws for an operation that there is none of, and for a fault that makes no sense. */
  add(operation: string, fault: Fault, times: number): void
  /** Lets a call go wrong, if one of its operation is to. `hangUp` ends its connection. */
  meet(operation: string, hangUp: () => void): Promise<void>
  clear(): void
}

export function createFaults(): Faults {
  const waiting = new Map<string, Fault[]>()
  return {
    add(operation, fault, times) {
      if (!Object.hasOwn(operations, operation))
        throw new CallRefusedError(400, `There is no operation ${operation} that could fail`)
      const { status, hangUp } = fault
      if (status !== undefined && !(Number.isInteger(status) && status >= 400 && status <= 599))
        throw new CallRefusedError(400, `status must be a whole number from 400 to 599, came ${status}`)
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
