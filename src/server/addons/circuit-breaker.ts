/** Stops calling a receiver that keeps failing, and tries it again from time to time. */
export interface Breaker {
  allows(): boolean
  report(success: boolean): void
}

const opensAfter = 10 // failures in a row
const firstPause = 30_000
const longestPause = 5 * 60_000

/**
 * Creates a breaker that opens after ten failures in a row. After 30 seconds it lets one call through; each further
 * failure doubles the pause, up to five minutes. One success closes it.
 */
export function createBreaker(): Breaker {
  let failures = 0
  let pause = firstPause
  let openUntil = 0
  return {
    allows() {
      if (failures < opensAfter) return true
      if (Date.now() < openUntil) return false
      openUntil = Date.now() + pause // one call is let through to try; the next waits for its outcome
      return true
    },
    report(success) {
      if (success) {
        failures = 0
        pause = firstPause
        return
      }
      failures += 1
      if (failures < opensAfter) return
      openUntil = Date.now() + pause
      pause = Math.min(pause * 2, longestPause)
    },
  }
}
