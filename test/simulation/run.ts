/** `npm run test:simulation`: the long form of this folder, from a new seed, which is printed so that it can be repeated. */
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const usage = `Usage: npm run test:simulation -- [options]

Simulates groups of processes with jobs, each with the random numbers of a seed, and checks what becomes of the jobs.

Options:
  --seeds <count>  how many; 5000 by default. One alone prints all that happens.
  --seed <number>  the first one; a failure names it
  --help           show this`

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(randomInt(1_000_000_000)) },
    help: { type: 'boolean', default: false },
  },
})
const wrong = (['seeds', 'seed'] as const).find((name) => !/^\d{1,9}$/.test(values[name]))

if (values.help) console.log(usage)
else if (wrong) {
  console.error(`--${wrong}: expected a whole number of up to nine digits, got ${values[wrong]}`)
  process.exitCode = 2
} else {
  console.log(`${values.seeds} simulations from seed ${values.seed}`)
  const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/simulation'], {
    stdio: 'inherit',
    env: { ...process.env, SIMULATIONS: values.seeds, SIMULATION_SEED: values.seed },
  })
  process.exitCode = status ?? 1
}
