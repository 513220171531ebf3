import { type Checks, expecting } from '../common/checks.ts'
import { checkOptions } from '../option-checks.ts'

/** The time of the test. It passes by itself and can be moved. */
export interface TestClock {
  /**
   * Moves `Date` of the whole process forward, so that tokens expire, sessions end and jobs become due, which `idle()` then runs.
   * Timers (`setTimeout`) do not change.
   */
  advance(by: Duration): void
}

/** A length of time: the sum of its members. */
export interface Duration {
  readonly milliseconds?: number
  readonly seconds?: number
  readonly minutes?: number
  readonly hours?: number
  readonly days?: number
}

const lengths = {
  milliseconds: 1,
  seconds: 1000,
  minutes: 60_000,
  hours: 3_600_000,
  days: 86_400_000,
} as const satisfies Readonly<Record<keyof Duration, number>>

const amount = expecting('a number of at least 0', (value) => typeof value === 'number' && value >= 0)
const durationChecks: Checks<Duration> = {
  milliseconds: amount,
  seconds: amount,
  minutes: amount,
  hours: amount,
  days: amount,
}

/** Creates a clock; `restore` puts the real `Date` back. */
export function createClock(): TestClock & { restore(): void } {
  const real = globalThis.Date
  let ahead = 0
  let moved: DateConstructor | undefined

  /** Replaces `Date` when the time is moved for the first time; other tests keep the real `Date`. */
  function move(): void {
    if (moved) return
    moved = class extends real {
      constructor(...given: unknown[]) {
        // Only `new Date()` depends on the current time.
        if (given.length === 0) super(real.now() + ahead)
        else super(...(given as [number]))
      }
      static override now = () => real.now() + ahead
    } as DateConstructor
    globalThis.Date = moved
  }

  return {
    advance(by) {
      checkOptions<Duration>('clock.advance', by, durationChecks)
      for (const [unit, count = 0] of Object.entries(by)) ahead += count * lengths[unit as keyof Duration] // the names are known
      move()
    },
    restore() {
      // Other code may have replaced it since.
      if (moved && globalThis.Date === moved) globalThis.Date = real
    },
  }
}
