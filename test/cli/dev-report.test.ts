import { expect, it } from 'vitest'
import { jobLine } from '../../src/cli/dev-report.ts'

const ran = {
  kind: 'job',
  name: 'remind',
  installation: 'f00',
  attempt: 1,
  outcome: 'done',
  duration: 14,
} as const

it('a job that ran is shown with its outcome, its duration, and its attempt after the first', () => {
  expect(jobLine(ran)).toBe('done  job remind  14 ms')
  expect(jobLine({ ...ran, kind: 'schedule', outcome: 'given up', attempt: 5 })).toBe(
    'given up  schedule remind  14 ms  (attempt 5)',
  )
  expect(jobLine({ ...ran, kind: 'delivery', attempt: 2 })).toBe('done  retry of remind  14 ms  (attempt 2)')
})
