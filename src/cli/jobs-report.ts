import type { QueuedJob } from '../addon/jobs/queued-job.ts'
import { redact, redactText } from '../common/redaction.ts'
import { table } from './table.ts'

/** The least characters of an error that a list shows, on a narrow terminal. */
const shortestError = 20

/** The job without what looks like a secret in its error and its data, which come from the add-on. */
export const withoutSecrets = (job: QueuedJob): QueuedJob => ({
  ...job,
  ...(job.error === undefined ? {} : { error: redactText(job.error) }),
  ...('data' in job ? { data: redact(job.data) } : {}),
})

/** Jobs as a table whose last column, the error, is cut to the width of the terminal. */
export function listLines(
  jobs: readonly QueuedJob[],
  now: number,
  columns = Number.POSITIVE_INFINITY,
): string[] {
  const lines = table([
    ['id', 'kind', 'name', 'installation', 'due', 'state', 'attempt', 'error'],
    ...jobs.map((job) => [
      job.id,
      job.kind,
      job.name,
      job.installation,
      dueText(job, now),
      job.state,
      String(job.attempt),
      job.error ?? '',
    ]),
  ])
  const errorAt = lines[0]?.lastIndexOf('error') ?? 0
  return lines.map((line) => cut(line, Math.max(columns, errorAt + shortestError)))
}

const cut = (line: string, length: number): string =>
  line.length > length ? `${line.slice(0, length - 1)}…` : line

/** All that is known of a job, one line for each member. */
export function detailLines(job: QueuedJob, now: number): string[] {
  const { id, kind, name, installation, roomId, jobId, state, attempt, crashes, error, data } = job
  const [first = '', ...rest] = data === undefined ? [] : JSON.stringify(data, null, 2).split('\n')
  return table([
    ['id', id],
    ['kind', kind],
    ['name', name],
    ['installation', installation],
    ...(roomId === undefined ? [] : [['room', String(roomId)]]),
    ...(jobId === undefined ? [] : [['job id', jobId]]),
    ['due', dueText(job, now)],
    ['state', state],
    ['attempt', String(attempt)],
    ['crashes', String(crashes)],
    ...(error === undefined ? [] : [['error', error]]),
    ...(data === undefined ? [] : [['data', first], ...rest.map((line) => ['', line])]),
  ])
}

/** The local time at which a job is due, and how far away that is. */
export function dueText({ due, state }: Pick<QueuedJob, 'due' | 'state'>, now: number): string {
  const time = due.toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'short' }) // 2026-11-30 09:05
  const seconds = Math.round((due.getTime() - now) / 1000)
  switch (state) {
    case 'running':
      return time
    case 'given up':
      return seconds > 0 ? `${time}, forgotten in ${spanOf(seconds)}` : `${time}, forgotten now`
    case 'waiting':
      if (seconds === 0) return `${time}, now`
      return seconds > 0 ? `${time}, in ${spanOf(seconds)}` : `${time}, ${spanOf(-seconds)} late`
  }
}

function spanOf(seconds: number): string {
  if (seconds >= 86_400) return `${Math.floor(seconds / 86_400)} d`
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h`
  return seconds >= 60 ? `${Math.floor(seconds / 60)} min` : `${seconds} s`
}
