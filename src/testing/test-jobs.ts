import type { Addon } from '../addon/addon.ts'
import type { QueuedJob } from '../addon/jobs/queued-job.ts'
import { StoreError } from '../errors.ts'

/** The jobs, schedules and retries of an add-on under test. */
export interface TestJobs {
  /** What is waiting or was given up. */
  list(): Promise<QueuedJob[]>
  /** Rejects if something failed that no earlier call has reported. */
  check(): Promise<void>
}

/** Creates the view of an add-on's queue. `failedJobs` is the option of `testAddon`. */
export function createTestJobs(addon: Pick<Addon, 'jobs'>, failedJobs: 'reject' | 'allow'): TestJobs {
  const reported = new Set<string>()

  async function list(): Promise<QueuedJob[]> {
    const found: QueuedJob[] = []
    for await (const job of addon.jobs()) if (job.state !== 'running') found.push(job)
    return found
  }

  return {
    list,
    async check() {
      if (failedJobs === 'allow') return
      const failures = (await list().catch(nothingIfClosed)).flatMap(describeFailure)
      const unseen = failures.filter((failure) => !reported.has(failure))
      for (const failure of unseen) reported.add(failure)
      if (unseen.length > 0) throw new Error([...unseen, remedy].join('\n'))
    },
  }
}

const kinds = { job: 'job', schedule: 'schedule', delivery: 'webhook' } as const

function describeFailure({ kind, name, installation, attempt, state, due, error }: QueuedJob): string[] {
  if (error === undefined) return []
  const next = state === 'waiting' ? `waits until ${due.toISOString()}` : 'was given up'
  return [`${kinds[kind]} ${name} of ${installation} failed in attempt ${attempt} and ${next}: ${error}`]
}

const remedy =
  "Fix its handler; the log of the test has the stack. If the test expects this, pass failedJobs: 'allow' to testAddon, and read jobs()."

/** A test may close the add-on or its store, or make the store fail: nothing can be said then. */
function nothingIfClosed(error: unknown): [] {
  if (error instanceof StoreError) return []
  throw error
}
