import { setTimeout as delay } from 'node:timers/promises'
import type { Operation } from '../api/operation.ts'
import { RateLimitError } from '../errors.ts'
import type { Observer, Observing } from '../telemetry/observer.ts'

type Headers = Readonly<Record<string, string | string[] | undefined>>
type Limit = 'api' | 'flood'

/**
 * Keeps HipChat's rate limits: 500 calls per token in five minutes, 30 messages per room in a minute. Every answer reports
 * what is left (`X-Ratelimit-*`, `X-FloodControl-*`). If nothing is left, the next call waits for the renewal, or fails at
 * once with a {@link RateLimitError} if that would take too long.
 */
export interface Budget {
  /** Resolves when the call may be sent. */
  wait(operationId: string, operation: Operation, room: string, signal?: AbortSignal): Promise<void>
  /** Reads the rate limits from an answer. For a 429, returns when to repeat the call. */
  note(operation: Operation, room: string, status: number, headers: Headers): Exhausted | undefined
}

/** A rate limit that is used up. */
export interface Exhausted {
  readonly limit: Limit
  /** When it is renewed, in milliseconds since 1970. */
  readonly resetAt: number
}

const headerOf = { api: 'x-ratelimit', flood: 'x-floodcontrol' } as const
// A reset later than HipChat's longest window is wrong, or is the time of another clock.
const longestWindow = 15 * 60_000
const unknownReset = 5_000
// `Date` has whole seconds, and answers take time: less than this does not count as a difference between clocks.
const smallSkew = 5_000

/** Creates the budget of one access token. `maxWait` is in milliseconds. */
export function createBudget(maxWait: number, observing: Observing = () => undefined): Budget {
  const usedUp = new Map<string, number>()
  const bucket = (limit: Limit, room: string): string => (limit === 'api' ? 'api' : `flood:${room}`)

  return {
    async wait(operationId, operation, room, signal) {
      for (const limit of operation.limits) {
        const resetAt = usedUp.get(bucket(limit, room))
        if (resetAt === undefined) continue
        const wait = resetAt - Date.now()
        if (wait > maxWait) throw new RateLimitError(operationId, limit, new Date(resetAt))
        if (wait > 0) {
          observing()?.happened({ kind: 'allowance wait', limit })
          await delay(wait, undefined, signal ? { signal } : {})
        }
        if (usedUp.get(bucket(limit, room)) === resetAt) usedUp.delete(bucket(limit, room))
      }
    },

    note(operation, room, status, headers) {
      let exhausted: Exhausted | undefined
      for (const limit of operation.limits) {
        const remaining = number(headers, `${headerOf[limit]}-remaining`)
        if (remaining !== undefined) tellLeft(limit, remaining, headers, observing())
        if (remaining !== 0) continue
        const resetAt = resetOf(limit, headers)
        usedUp.set(bucket(limit, room), resetAt)
        exhausted = { limit, resetAt }
      }
      if (status !== 429) return undefined
      if (exhausted) return exhausted
      // A 429 without headers does not say which limit, or until when.
      const limit = operation.limits.includes('flood') ? 'flood' : 'api'
      const resetAt = resetOf(limit, headers)
      usedUp.set(bucket(limit, room), resetAt)
      return { limit, resetAt }
    },
  }
}

function tellLeft(limit: Limit, remaining: number, headers: Headers, observer: Observer | undefined): void {
  const whole = observer && number(headers, `${headerOf[limit]}-limit`)
  if (whole && whole > 0) observer.happened({ kind: 'allowance', limit, left: remaining / whole })
}

/** When a rate limit is renewed, in milliseconds since 1970. */
function resetOf(limit: Limit, headers: Headers): number {
  const now = Date.now()
  const skew = skewOf(headers, now)
  const seconds = number(headers, `${headerOf[limit]}-reset`)
  if (seconds !== undefined) {
    const resetAt = seconds * 1000 + skew
    if (resetAt > now && resetAt <= now + longestWindow) return resetAt
    // Some clients had to handle "seconds from now" here.
    if (seconds > 0 && seconds * 1000 <= longestWindow) return now + seconds * 1000
  }
  // HipChat did not send it, but a proxy may, in seconds or as a date.
  const retryAfter = number(headers, 'retry-after')
  const retryAt =
    retryAfter === undefined ? Date.parse(String(headers['retry-after'])) + skew : now + retryAfter * 1000
  return retryAt >= now && retryAt <= now + longestWindow ? retryAt : now + unknownReset
}

/** Milliseconds by which our clock is ahead of the server's, in whose time resets are given. */
function skewOf(headers: Headers, now: number): number {
  const ahead = now - Date.parse(String(headers['date']))
  return Math.abs(ahead) > smallSkew ? ahead : 0 // also 0 without a date
}

function number(headers: Headers, name: string): number | undefined {
  const value = headers[name]
  if (typeof value !== 'string' || value.trim() === '') return undefined
  const parsed = Number(value)
  return Number.isFinite(parsed) ? parsed : undefined
}
