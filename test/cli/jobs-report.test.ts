import { expect, it } from 'vitest'
import type { QueuedJob } from '../../src/addon/jobs/queued-job.ts'
import { detailLines, dueText, listLines } from '../../src/cli/jobs-report.ts'

const due = new Date(2026, 10, 30, 9, 5)

const job: QueuedJob = {
  id: 'job:a:f00:x',
  kind: 'job',
  name: 'a',
  installation: 'f00',
  state: 'waiting',
  due,
  attempt: 1,
  crashes: 0,
}

const after = (seconds: number): number => due.getTime() + seconds * 1000

it.each<[seconds: number, text: string]>([
  [-400 * 86_400, 'in 400 d'],
  [-86_400, 'in 1 d'],
  [-86_399, 'in 23 h'],
  [-3_599.6, 'in 1 h'],
  [-3_599, 'in 59 min'],
  [-60, 'in 1 min'],
  [-59, 'in 59 s'],
  [-0.4, 'now'],
  [0.4, 'now'],
  [1, '1 s late'],
  [7_200, '2 h late'],
])('a job that waits is shown with the time to go, or its delay: %d s after it is due', (seconds, text) => {
  expect(dueText(job, after(seconds))).toBe(`2026-11-30 09:05, ${text}`)
})

it('a job that runs is not late, and one that was given up is forgotten', () => {
  expect(dueText({ due, state: 'running' }, after(90))).toBe('2026-11-30 09:05')
  expect(dueText({ due, state: 'given up' }, after(-90))).toBe('2026-11-30 09:05, forgotten in 1 min')
  expect(dueText({ due, state: 'given up' }, after(90))).toBe('2026-11-30 09:05, forgotten now')
})

it('only the error is cut to the width of the terminal, and a part of it stays', () => {
  const jobs = [job, { ...job, error: 'e'.repeat(100) }]
  const [head = '', plain, failed = ''] = listLines(jobs, after(0), 140)
  expect(head).toMatch(/ attempt {2}error$/)
  expect(plain).toMatch(/ waiting {2}1$/)
  expect(failed).toHaveLength(140)
  expect(failed).toMatch(/e…$/)
  const errorAt = head.lastIndexOf('error')
  expect(listLines(jobs, after(0), 80)[2]).toBe(`${failed.slice(0, errorAt)}${'e'.repeat(19)}…`)
  expect(listLines(jobs, after(0))[2]).toBe(`${failed.slice(0, errorAt)}${'e'.repeat(100)}`)
})

it('the details of a job without data, room and error leave these out', () => {
  expect(detailLines(job, after(0)).map((line) => line.split(' ')[0])).toEqual([
    'id',
    'kind',
    'name',
    'installation',
    'due',
    'state',
    'attempt',
    'crashes',
  ])
})
