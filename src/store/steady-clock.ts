/** Milliseconds of the process for which a clock must have been ahead before that is believed. */
const patience = 24 * 3_600_000
const jump = 60_000

/**
 * Gives the time of day for forgetting what is over: what was forgotten while the clock was ahead by mistake is missing
 * when it is set right. So a leap ahead of more than a minute counts once it has lasted for a day; that a clock was set
 * back counts at once. After a machine has slept, it is behind for as long: things are kept longer then.
 */
export function createSteadyClock(): () => number {
  let offset = Date.now() - performance.now()
  let aheadSince: number | undefined
  return () => {
    const elapsed = performance.now()
    const other = Date.now() - elapsed
    if (other <= offset + jump) {
      offset = other
      aheadSince = undefined
    } else {
      aheadSince ??= elapsed
      if (elapsed - aheadSince >= patience) offset = other
    }
    return elapsed + offset
  }
}
