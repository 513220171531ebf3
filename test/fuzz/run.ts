/** `npm run fuzz`: the long campaigns of this folder, each run with a new seed, which is printed so that it can be repeated. */
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const usage = `Usage: npm run fuzz -- [options]

Sends random requests, signed and unsigned, to a server and an add-on, and looks at every answer.

Options:
  --requests <count>  how many of each kind; 10000 by default
  --seed <number>     where the random numbers begin; a failure names it
  --help              show this`

const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(randomInt(1_000_000_000)) },
    help: { type: 'boolean', default: false },
  },
})
const wrong = (['requests', 'seed'] as const).find((name) => !/^\d{1,9}$/.test(values[name]))

if (values.help) console.log(usage)
else if (wrong) {
  console.error(`--${wrong}: expected a whole number of up to nine digits, got ${values[wrong]}`)
  process.exitCode = 2
} else {
  console.log(`${values.requests} requests of each kind, seed ${values.seed}`)
  const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/fuzz'], {
    stdio: 'inherit',
    env: { ...process.env, FUZZ_REQUESTS: values.requests, FUZZ_SEED: values.seed },
  })
  process.exitCode = status ?? 1
}
