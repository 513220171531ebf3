import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { jobRunIn, readableLine } from '../../src/cli/log-line.ts'

/** What a log writes. */
function written(write: (log: pino.Logger) => void): string {
  let line = ''
  const out = new Writable({
    write(chunk, _, done) {
      line += chunk
      done()
    },
  })
  write(pino(out))
  return line.trimEnd()
}

/** What a log writes, as `dev` shows it. */
const shown = (write: (log: pino.Logger) => void): string | undefined => readableLine(written(write))

it('a line of the log is shown as level, message and other members', () => {
  const line = shown((log) =>
    log.warn({ installation: 'f00', webhook: 'roll', dice: [1, 6] }, 'too many dice'),
  )
  expect(line).toMatch(/^\d\d:\d\d:\d\d {2}warn {2}too many dice {2}webhook=roll {2}dice=\[1,6\]$/)
})

it('an error is shown below the line with its stack, whatever its message is', () => {
  const line = shown((log) => log.error({ err: new RangeError('no dice') }, 'a handler failed')) ?? ''
  const [head, error, ...stack] = line.split('\n')
  expect(head).toMatch(/ {2}error {2}a handler failed$/)
  expect(error).toBe('    RangeError: no dice')
  expect(stack[0]).toMatch(/^ +at .*log-line\.test\.ts/)
  expect(shown((log) => log.error('installed'))).toMatch(/ {2}error {2}installed$/)
})

it.each(['delivery', 'api call', 'listening', 'installed'])(
  'the line “%s” is left out, since dev reports it itself',
  (message) => {
    expect(shown((log) => log.info({ status: 200 }, message))).toBeUndefined()
  },
)

it.each(['Dice listens', '{"dice":6}', '{not json', '{"level":"info","time":1}', '', 'null'])(
  'a line that is not from pino stays unchanged: %s',
  (line) => {
    expect(readableLine(line)).toBe(line)
  },
)

it('an error or member that an author logged themselves is shown without credentials', () => {
  const line = JSON.stringify({
    level: 50,
    time: 0,
    msg: 'not sent',
    headers: { Authorization: 'hunter2' },
    apiKey: 'hunter2',
    err: {
      message: 'refused',
      stack: 'Error: https://joe:hunter2@example.com/?token=hunter2 refused\n    at main',
    },
  })
  const text = readableLine(line) ?? ''
  expect(text).not.toContain('hunter2')
  expect(text).toContain('Error: https://[redacted]@example.com/?[redacted] refused')
})

it.each(['job', 'schedule', 'delivery'] as const)('the line at the end of a %s is read', (kind) => {
  const line = written((log) =>
    log
      .child({ [kind]: 'remind', installation: 'f00' })
      .info({ attempt: 2, outcome: 'retried', milliseconds: 14 }, 'job'),
  )
  const expected = { kind, name: 'remind', installation: 'f00', attempt: 2, outcome: 'retried', duration: 14 }
  expect(jobRunIn(line)).toEqual(expected)
})

it.each([
  [
    'another message',
    { job: 'a', installation: 'f00', attempt: 1, outcome: 'done', milliseconds: 1 },
    'jobs',
  ],
  ['no name', { installation: 'f00', attempt: 1, outcome: 'done', milliseconds: 1 }, 'job'],
  ['no outcome', { job: 'a', installation: 'f00', attempt: 1, milliseconds: 1 }, 'job'],
  ['no duration', { job: 'a', installation: 'f00', attempt: 1, outcome: 'done' }, 'job'],
])('a line with %s is not the end of a job, and stays a line', (_, members, message) => {
  const line = written((log) => log.info(members, message))
  expect(jobRunIn(line)).toBeUndefined()
  expect(readableLine(line)).toContain(`  info  ${message}`)
})

it('a line that is not from pino is not the end of a job', () => {
  expect(jobRunIn('job')).toBeUndefined()
})
