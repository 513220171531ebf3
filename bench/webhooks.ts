import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { Load } from './load.ts'
import {
  end,
  here,
  median,
  messageOf,
  outputOf,
  processorTimeOf,
  residentOf,
  rounds,
  say,
  scratch,
  seconds,
  secret,
  start,
} from './processes.ts'
import { installOn } from './rows/addon.mjs'
import { installed } from './rows/installed.mjs'

interface Row {
  readonly name: string
  readonly file: string
  readonly args?: readonly string[]
  /** Must be installed into `bench/peers` to be measured. */
  readonly peer?: boolean
}

interface Ready {
  readonly url: string
  readonly path?: string
  readonly scheme: Load['scheme']
  readonly descriptor?: string
  readonly install?: string
}

interface Round {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** Microseconds of processor time for each delivery. */
  readonly cost: number
  readonly refused: number
  readonly ready: number
  readonly idle: number
  readonly loaded: number
}

/** The output of `load.ts`. */
type Result = Pick<Round, 'perSecond' | 'p50' | 'p99' | 'refused'> & { readonly requests: number }

const warmUp = 2

const rows: Row[] = [
  { name: 'node:http + crypto', file: 'node-http.mjs' },
  { name: 'Koa + jsonwebtoken', file: 'koa.mjs' },
  { name: 'hipchat-addon, memory', file: 'framework.mjs', args: ['memory:'] },
  { name: 'hipchat-addon, embedded', file: 'framework.mjs', args: [join(scratch, 'store')] },
  {
    name: 'hipchat-addon, embedded, not durable',
    file: 'framework.mjs',
    args: [join(scratch, 'undurable'), 'undurable'],
  },
  { name: 'hipchat-addon, Redis', file: 'framework.mjs', args: ['redis://127.0.0.1:6379'] },
  { name: 'ac-koa-hipchat', file: 'ac-koa-hipchat.cjs', peer: true },
  { name: '@slack/bolt', file: 'bolt.mjs', peer: true },
  { name: 'probot', file: 'probot.mjs', peer: true },
  { name: '@octokit/webhooks', file: 'octokit-webhooks.mjs', peer: true },
]

/**
 * Verified webhooks per second of this framework, two baselines and its peers, rows interleaved. BENCH_ROWS restricts the
 * rows to those whose names contain one of the given strings. Rows that could not be measured are added to `left`.
 */
export async function measureWebhooks(hipchat: string, left: string[]): Promise<string> {
  const chosen = await availableRows(left)
  const results = new Map<string, Round[]>(chosen.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round += 1)
    for (const row of chosen) {
      say(`webhooks, round ${round} of ${rounds}: ${row.name}`)
      try {
        results.get(row.name)?.push(await measure(row, hipchat))
      } catch (error) {
        left.push(`${row.name}, round ${round}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  return tableOf(results)
}

async function availableRows(left: string[]): Promise<Row[]> {
  const wanted = (process.env['BENCH_ROWS'] || undefined)?.split(',')
  const chosen: Row[] = []
  let peersReady = existsSync(join(here, 'peers/node_modules'))
  for (const row of rows) {
    if (wanted && !wanted.some((name) => row.name.includes(name))) continue
    if (row.name.endsWith('Redis') && !(await reachable(6379))) {
      left.push(`${row.name}: start redis-server on port 6379`)
      continue
    }
    if (row.peer && !peersReady) {
      console.log('Installing the peers into bench/peers …')
      execFileSync('npm', ['install', '--no-package-lock', '--ignore-scripts', '--silent'], {
        cwd: join(here, 'peers'),
        stdio: 'inherit',
      })
      peersReady = true
    }
    chosen.push(row)
  }
  return chosen
}

async function measure(row: Row, hipchat: string): Promise<Round> {
  const started = performance.now()
  const script = `${row.peer ? 'peers' : 'rows'}/${row.file}`
  const measured = start(script, row.args ?? [])
  try {
    const ready = await messageOf<Ready>(measured)
    const first = await fetch(ready.url + (ready.descriptor ?? '/'), {
      headers: { accept: 'application/json' },
    })
    const readyAfter = performance.now() - started
    await new Promise((resolve) => setTimeout(resolve, 500))
    const idle = residentOf(measured)
    const path = ready.path ?? (await installLike(ready.url, await first.json(), hipchat))
    if (ready.install) await installOn(ready.url + ready.install, hipchat)
    const load: Load = {
      url: ready.url,
      path,
      scheme: ready.scheme,
      secret: ready.scheme === 'jwt' ? installed.oauthSecret : secret,
      seconds,
    }
    outputOf<Result>('load.ts', { ...load, seconds: warmUp }) // the compilers are done after that
    const used = processorTimeOf(measured)
    const { requests, ...result } = outputOf<Result>('load.ts', load)
    const cost = ((processorTimeOf(measured) - used) * 1000) / requests
    return { ...result, cost, ready: readyAfter, idle, loaded: residentOf(measured) }
  } finally {
    await end(measured)
  }
}

/** Installs a peer according to its descriptor, and returns the path of its webhook. */
async function installLike(base: string, descriptor: unknown, hipchat: string): Promise<string> {
  const { capabilities } = descriptor as {
    capabilities: { installable: { callbackUrl: string }; webhook: { url: string }[] }
  } // of a HipChat add-on
  // Its own URL may use another name of this machine.
  const path = (address: string): string => new URL(address).pathname + new URL(address).search
  await installOn(base + path(capabilities.installable.callbackUrl), hipchat)
  return path(capabilities.webhook[0]?.url ?? '')
}

/** Whether somebody listens on a port of this machine. */
export const reachable = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('connect', () => socket.destroy())
    socket.on('error', () => resolve(false))
  })

function tableOf(results: ReadonlyMap<string, Round[]>): string {
  const of = (list: Round[], member: keyof Round): number => median(list.map((one) => one[member]))
  const lines = [...results]
    .filter(([, list]) => list.length > 0)
    .map(([name, list]) => {
      const rates = list.map(({ perSecond }) => Math.round(perSecond))
      const cells = [
        `**${Math.round(of(list, 'perSecond'))}** (${Math.min(...rates)}–${Math.max(...rates)})`,
        ...(['cost', 'p50', 'p99', 'ready', 'idle', 'loaded', 'refused'] as const).map((member) =>
          String(Math.round(of(list, member))),
        ),
      ]
      return `| ${name} | ${cells.join(' | ')} |`
    })
  return [
    '| | verified/s, median (range) | µs of CPU each | p50 ms | p99 ms | first answer ms | idle MiB | loaded MiB | refused |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}
