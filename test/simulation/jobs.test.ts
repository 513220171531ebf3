import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { simulate } from './simulation.ts'

/** `npm run test:simulation` runs more, and repeats the one with a seed. */
const count = Number(process.env['SIMULATIONS'] ?? 100)
const first = Number(process.env['SIMULATION_SEED'] ?? 1)

// Thousands of errors are thrown, of which nobody reads where.
const { stackTraceLimit } = Error
beforeAll(() => {
  Error.stackTraceLimit = 0
})
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit
  vi.useRealTimers()
  vi.restoreAllMocks()
})

it(`the jobs of ${count} simulated groups of processes follow their rules`, {
  timeout: 30_000 + count * 200,
}, async () => {
  const failed: string[] = []
  for (let seed = first; seed < first + count; seed += 1) {
    const { broken, lines } = await simulate(seed)
    if (broken.length === 0) continue
    failed.push(`SIMULATION_SEED=${seed}: ${broken[0]}`)
    if (count === 1) console.log(lines.join('\n'))
  }
  expect(failed).toEqual([])
})
