/** The time of the test, which passes by itself and can be moved. */
export interface TestClock {
  /**
   * Moves `Date` forward, of the whole process: tokens expire, sessions end. Timers (`setTimeout`) go on as before.
   */
  advance(by: Duration): void
}

/** One or more of these, added up. */
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

/** A clock, and what puts the real time back. */
export function createClock(): TestClock & { restore(): void } {
  const real = globalThis.Date
  let ahead = 0
  let moved: DateConstructor | undefined

  /** Made when the time is moved for the first time: a test that leaves it alone has the real `Date`. */
  function move(): void {
    if (moved) return
    moved = class extends real {
      constructor(...given: unknown[]) {
        // Only `new Date()` is about now.
        if (given.length === 0) super(real.now() + ahead)
        else super(...(given as [number]))
      }
      static override now = () => real.now() + ahead
    } as DateConstructor
    globalThis.Date = moved
  }

  return {
    advance(by) {
      for (const [unit, amount] of Object.entries(by)) {
        if (!Object.hasOwn(lengths, unit))
          throw new TypeError(
            `clock.advance: ${unit} is no unit of time; there are ${Object.keys(lengths).join(', ')}`,
          )
        if (typeof amount !== 'number' || !(amount >= 0))
          throw new TypeError(`clock.advance: ${unit} must be a number that is not negative, came ${amount}`)
        ahead += amount * lengths[unit as keyof Duration]
      }
      move()
    },
    restore() {
      // Somebody else may have put another one in its place since.
      if (moved && globalThis.Date === moved) globalThis.Date = real
    },
  }
}
