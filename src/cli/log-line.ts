import { parseJson } from '../common/http.ts'
import { isRecord } from '../common/is-record.ts'
import { isSecretName, redact, redacted, redactText } from '../common/redaction.ts'

const levels: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}

/** Messages of the framework's log that `dev` reports itself. */
const reported = [
  'listening',
  'installed',
  'updated',
  'uninstalled',
  'delivery',
  'api call',
  'installations were approved with a different descriptor than the current one',
]

/** Members that are the same in every line of one add-on on one server, or are shown in another way. */
const hidden = new Set(['level', 'time', 'pid', 'hostname', 'msg', 'err', 'installation', 'group'])

/**
 * Formats a line of an add-on's output for people. A line of pino's JSON becomes level, message and the other members, with
 * the stack of an error below; `undefined` for lines that `dev` reports itself. Other lines are unchanged.
 */
export function readableLine(line: string): string | undefined {
  const entry = entryOf(line)
  if (!entry) return line
  const { level, time, msg, err } = entry
  const message = typeof msg === 'string' ? msg : ''
  if (level < 50 && reported.some((words) => message.startsWith(words))) return undefined
  const members = Object.entries(entry)
    .filter(([name]) => !hidden.has(name))
    .map(([name, value]) => [name, isSecretName(name) ? redacted : redact(value)] as const)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const head = [
    new Date(time).toTimeString().slice(0, 8),
    levels[level] ?? String(level),
    message,
    ...members,
  ].join('  ')
  return [head, ...stackOf(err)].join('\n')
}

/** A line of pino's JSON. */
interface Entry {
  readonly level: number
  readonly time: number
  readonly [member: string]: unknown
}

function entryOf(line: string): Entry | undefined {
  const entry = line.startsWith('{') ? parseJson(line) : undefined
  if (!isRecord(entry)) return undefined
  const { level, time } = entry
  return typeof level === 'number' && typeof time === 'number' ? { ...entry, level, time } : undefined
}

/** A job, an occurrence of a schedule or a retry that has run, as the framework logs it. */
export interface JobRun {
  readonly kind: 'job' | 'schedule' | 'delivery'
  /** Name of the job or schedule, or key of the webhook. */
  readonly name: string
  /** `oauthId` of the installation. */
  readonly installation: string
  readonly attempt: number
  /** `done`, `skipped`, `postponed`, `retried` or `given up`. */
  readonly outcome: string
  /** Milliseconds. */
  readonly duration: number
}

/** The job whose end a line of the log reports; `undefined` for all other lines. */
export function jobRunIn(line: string): JobRun | undefined {
  const entry = entryOf(line)
  if (entry?.['msg'] !== 'job') return undefined
  const { installation, attempt, outcome, milliseconds: duration } = entry
  const kind = (['job', 'schedule', 'delivery'] as const).find((one) => typeof entry[one] === 'string')
  if (!kind || typeof installation !== 'string' || typeof outcome !== 'string') return undefined
  if (typeof attempt !== 'number' || typeof duration !== 'number') return undefined
  return { kind, name: String(entry[kind]), installation, attempt, outcome, duration }
}

const stackOf = (err: unknown): string[] => {
  const text = isRecord(err) ? (err['stack'] ?? err['message']) : undefined
  return typeof text === 'string'
    ? redactText(text)
        .split('\n')
        .map((line) => `    ${line}`)
    : []
}
