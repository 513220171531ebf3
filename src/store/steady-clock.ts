/** Milliseconds for which a clock must stay ahead before its time is accepted. */
const patience = 24 * 3_600_000
const jump = 60_000

/**
 * Creates a clock for removing expired entries. Entries that are removed while the system clock is ahead by mistake are
 * missing once it is corrected. So a jump ahead of more than a minute counts only after a day; a jump back counts at once.
 * After the machine has slept, this clock is behind by the time it slept, and entries are kept longer.
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
