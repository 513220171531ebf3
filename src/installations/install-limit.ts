import { InstallationRefusedError } from '../errors.ts'

/**
 * Limits unauthenticated attempts that make the add-on send requests to a server: how many run at once, and
 * how many may fail. Successful attempts do not count, so that an add-on can be installed in a hundred rooms
 * in a row.
 */
export interface Attempts {
  /** Runs an attempt. Throws an {@link InstallationRefusedError} with 429 or 503 if there are too many. */
  run<T>(work: () => Promise<T>): Promise<T>
}

/** The limits of {@link Attempts}. */
export interface AttemptsOptions {
  /** How many attempts run at once. */
  readonly atOnce: number
  /** How many attempts may wait for them. */
  readonly waiting: number
  /** How many attempts may fail in a row. */
  readonly failures: number
  /** Milliseconds after which one more may fail. */
  readonly every: number
}

export function createAttempts({ atOnce, waiting, failures, every }: AttemptsOptions): Attempts {
  const queue: (() => void)[] = []
  let running = 0
  let failed = 0
  let counted = Date.now()

  /** How many failures still count. */
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
          'Too many installations have failed; the add-on accepts no others for a moment. Try again later.',
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
