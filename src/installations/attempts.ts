import { InstallationRefusedError } from '../errors.ts'

/**
 * Attempts of strangers that make the add-on ask a server: so many at once, and so many that fail. What succeeds costs
 * nothing, so that a hundred rooms can be equipped in one go.
 */
export interface Attempts {
  /** Throws an {@link InstallationRefusedError} with 429 or 503 when there were too many. */
  run<T>(work: () => Promise<T>): Promise<T>
}

export interface AttemptsOptions {
  /** How many are under way at once, and how many wait for them. */
  readonly atOnce: number
  readonly waiting: number
  /** How many may fail in a row, and the milliseconds after which one more may. */
  readonly failures: number
  readonly every: number
}

export function createAttempts({ atOnce, waiting, failures, every }: AttemptsOptions): Attempts {
  const queue: (() => void)[] = []
  let running = 0
  let failed = 0
  let counted = Date.now()

  /** How many failures are still held against those who come. */
  function held(): number {
    const now = Date.now()
    const passed = Math.max(0, Math.floor((now - counted) / every))
    failed = Math.max(0, failed - passed)
    counted = failed === 0 || now < counted ? now : counted + passed * every
    return failed
  }

  async function enter(): Promise<void> {
    if (running < atOnce) {
      running += 1
      return
    }
    if (queue.length >= waiting)
      throw new InstallationRefusedError(
        503,
        'The add-on is busy with other installations; try again in a moment.',
      )
    await new Promise<void>((resolve) => queue.push(resolve))
  }

  function leave(): void {
    const next = queue.shift()
    if (next) next()
    else running -= 1
  }

  return {
    async run(work) {
      if (held() >= failures)
        throw new InstallationRefusedError(
          429,
          'Too many installations have failed here; the add-on takes no other for a moment. Try again later.',
        )
      await enter()
      try {
        return await work()
      } catch (error) {
        held()
        failed += 1
        throw error
      } finally {
        leave()
      }
    },
  }
}
