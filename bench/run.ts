/**
 * `npm run bench`: this framework compared with baselines and peers, in one run on one machine. Prints tables and writes
 * them to `bench/results/`.
 *
 * BENCH_SECONDS (5), BENCH_ROUNDS (5), BENCH_ROWS (all; names separated by commas), BENCH_ONLY (webhooks, look-ups, jobs, queue,
 * calls, exchanges, talk, history, group, size; all) and BENCH_WAITING (1,000,000) change what is measured. BENCH_PROFILE names a
 * folder for profiles of the processor time.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { measureCalls, measureExchanges, measureLookups, measureSize } from './further.ts'
import { build, here, messageOf, pinned, rounds, seconds, start } from './processes.ts'
import { measureJobs, measureQueue } from './queues.ts'
import { measureGroup, measureHistory, measureTalk } from './server.ts'
import { measureWebhooks } from './webhooks.ts'

build()
const server = start('rows/hipchat.mjs', ['18765'], 1)
const { url: hipchat } = await messageOf<{ url: string }>(server)
const exchangesSoFar = async (): Promise<number> => {
  server.send('exchanges')
  return (await messageOf<{ exchanges: number }>(server)).exchanges
}

const left: string[] = []
const parts: Record<string, { title: string; table: () => string | Promise<string>; notes: string }> = {
  webhooks: {
    title: 'Verified webhooks per second',
    table: () => measureWebhooks(hipchat, left),
    notes: `32 connections, a message of 1 KiB, a handler that does nothing. HipChat peers verify a separate JWT for each
delivery, except ac-koa-hipchat, which verifies nothing. The GitHub and Slack frameworks verify an HMAC of the body. None
of them keeps seen deliveries, as hipchat-addon does: a replay costs a write to its store.`,
  },
  'look-ups': {
    title: 'Look-ups of an installation',
    table: measureLookups,
    notes: 'In the embedded store, by id in random order, on one core.',
  },
  jobs: {
    title: 'Jobs per second',
    table: () => measureJobs(hipchat, left),
    notes: 'In one process: added by 32 at a time, taken, run by a handler that does nothing, and finished.',
  },
  queue: {
    title: 'A long queue',
    table: measureQueue,
    notes:
      'In the embedded store, one work at a time: added, taken and finished, while so many wait that are due later.',
  },
  calls: {
    title: 'Outgoing calls per second',
    table: () => measureCalls(hipchat),
    notes:
      '`getRoom`, 32 at a time. The client adds the token, respects the rate limits and validates the answer.',
  },
  exchanges: {
    title: 'Token exchanges for 1,000 first calls at once',
    table: () => measureExchanges(hipchat, exchangesSoFar),
    notes: 'Of one installation, on one embedded store.',
  },
  talk: {
    title: 'Messages per second through the compatible server',
    table: measureTalk,
    notes: `Into one room, on a data folder, 32 at a time: on disk, answered, and delivered signed to every add-on that is
installed in the room with a webhook, before the next 320 are sent.`,
  },
  history: {
    title: 'Reading history from the compatible server',
    table: measureHistory,
    notes: 'The newest hundred messages of a room, over 8 connections.',
  },
  group: {
    title: 'A large group on the compatible server',
    table: measureGroup,
    notes:
      'Messages into all rooms in turn, without webhooks. Memory is that of the process, pages of its database included.',
  },
  size: {
    title: 'A production install',
    table: measureSize,
    notes: '`npm install` of each into an empty folder. `npm run size` prints only this.',
  },
}

const only = (process.env['BENCH_ONLY'] || undefined)?.split(',')
let page = `# Measured

${new Date().toISOString()} · Node ${process.version} · ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores${pinned ? ', measured and measuring processes pinned to one each' : ''} · ${rounds} rounds of ${seconds} s, rows interleaved, medians.
`
for (const [name, { title, table, notes }] of Object.entries(parts))
  if (!only || only.includes(name)) page += `\n## ${title}\n\n${await table()}\n\n${notes}\n`
if (left.length > 0) page += `\n## Left out\n\n${left.map((line) => `- ${line}`).join('\n')}\n`

console.log(page)
if (!only) {
  mkdirSync(join(here, 'results'), { recursive: true })
  writeFileSync(join(here, 'results/measured.md'), page)
}
process.exit(0)
