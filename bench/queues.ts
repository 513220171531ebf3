import { join } from 'node:path'
import { end, median, messageOf, rounds, say, scratch, seconds, start } from './processes.ts'
import { reachable } from './webhooks.ts'

/** What the scripts of these tables send: microseconds of processor time for each, and how many in a second. */
interface Measured {
  readonly cost: number
  readonly perSecond: number
}

/** How many works wait in the queue that is compared with one of a hundred. */
const many = Number(process.env['BENCH_WAITING'] || 1_000_000)

/** Jobs of an add-on on each store. Stores that could not be measured are added to `left`. */
export async function measureJobs(hipchat: string, left: string[]): Promise<string> {
  const stores: [name: string, setting: string][] = [
    ['memory', 'memory:'],
    ['embedded', join(scratch, 'jobs')],
  ]
  if (await reachable(6379)) stores.push(['Redis', 'redis://127.0.0.1:6379'])
  else left.push('jobs, Redis: start redis-server on port 6379')
  const postgres = process.env['POSTGRES_URL']
  if (postgres) stores.push(['PostgreSQL', postgres])
  else left.push('jobs, PostgreSQL: set POSTGRES_URL')
  return table(
    'store',
    stores.map(([name, setting]) => [name, 'rows/jobs.mjs', [setting, hipchat, String(seconds)]]),
  )
}

/** Works in the embedded store, while few and while many others wait. */
export const measureQueue = (): Promise<string> =>
  table(
    'waiting',
    [100, many].map((count) => [
      count.toLocaleString('en'),
      'rows/queue.mjs',
      [join(scratch, `queue-${count}`), String(count), String(seconds)],
    ]),
  )

type Row = readonly [name: string, script: string, argv: readonly string[]]

/** Measures rows, interleaved, and compares the processor time of each with that of the first. */
async function table(title: string, rows: readonly Row[]): Promise<string> {
  const results = new Map<string, Measured[]>(rows.map(([name]) => [name, []]))
  for (let round = 1; round <= rounds; round += 1)
    for (const [name, script, argv] of rows) {
      say(`${script}, round ${round} of ${rounds}: ${name}`)
      const child = start(script, argv)
      results.get(name)?.push(await messageOf<Measured>(child))
      await end(child)
    }
  const costs = [...results].map(
    ([name, list]) => [name, median(list.map(({ cost }) => cost)), list] as const,
  )
  const first = costs[0]?.[1] ?? Number.NaN
  const lines = costs.map(([name, cost, list]) => {
    const perSecond = Math.round(median(list.map((one) => one.perSecond)))
    return `| ${name} | ${Math.round(cost)} | ${(cost / first).toFixed(2)} | ${perSecond} |`
  })
  return [
    `| ${title} | µs of CPU each, median | compared with the first | per second, median |`,
    '| --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}
