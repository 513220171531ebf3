/**
 * `npm run bench`: verified webhooks per second for this framework, two floors and its peers, in one run on one machine,
 * rows interleaved. Prints a table and writes it to `bench/results/`.
 *
 * BENCH_SECONDS (5), BENCH_ROUNDS (5) and BENCH_ROWS (all; names separated by commas) change what is measured.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Load } from './load.ts'
import { installed } from './rows/installed.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const seconds = Number(process.env['BENCH_SECONDS'] ?? 5)
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5)
const wanted = process.env['BENCH_ROWS']?.split(',')

interface Row {
  readonly name: string
  readonly file: string
  readonly argument?: string
  /** Installed into `bench/peers` before it can be measured. */
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
  readonly refused: number
  readonly ready: number
  readonly idle: number
  readonly loaded: number
}

const scratch = mkdtempSync(join(tmpdir(), 'hipchat-addon-bench-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

const rows: Row[] = [
  { name: 'node:http + crypto', file: 'node-http.mjs' },
  { name: 'Koa + jsonwebtoken', file: 'koa.mjs' },
  { name: 'hipchat-addon, memory', file: 'framework.mjs', argument: 'memory:' },
  { name: 'hipchat-addon, embedded', file: 'framework.mjs', argument: join(scratch, 'store') },
  { name: 'hipchat-addon, Redis', file: 'framework.mjs', argument: 'redis://127.0.0.1:6379' },
  { name: 'ac-koa-hipchat', file: 'ac-koa-hipchat.cjs', peer: true },
  { name: '@slack/bolt', file: 'bolt.mjs', peer: true },
  { name: 'probot', file: 'probot.mjs', peer: true },
  { name: '@octokit/webhooks', file: 'octokit-webhooks.mjs', peer: true },
]

// The server gets one core and the load another, where the machine lets us say so.
const pinned = availableParallelism() > 1 && existsSync('/usr/bin/taskset')
const onCore = (core: number, command: string[]): string[] =>
  pinned ? ['/usr/bin/taskset', '-c', String(core), ...command] : command

const hipchatPort = 18_765
const secret = 'a secret of the bench'

async function measure(row: Row, hipchat: string): Promise<Round> {
  const started = performance.now()
  const [command = '', ...rest] = onCore(0, [
    process.execPath,
    join(here, row.peer ? 'peers' : 'rows', row.file),
    ...(row.argument ? [row.argument] : []),
  ])
  const peer = spawn(command, rest, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      BENCH_SECRET: secret,
      BENCH_PACKAGE: join(here, '.build/index.js'),
      NODE_ENV: 'production',
    },
  })
  try {
    const ready = await readyOf(peer)
    const first = await fetch(ready.url + (ready.descriptor ?? '/'), {
      headers: { accept: 'application/json' },
    })
    const readyAfter = performance.now() - started
    await new Promise((resolve) => setTimeout(resolve, 500))
    const idle = residentOf(peer)
    const path = ready.path ?? (await installLike(ready.url, await first.json(), hipchat))
    if (ready.install) await install(ready.url + ready.install, hipchat)
    const load: Load = {
      url: ready.url,
      path,
      scheme: ready.scheme,
      secret: ready.scheme === 'jwt' ? installed.oauthSecret : secret,
      seconds,
    }
    const result = loadOn(load)
    return { ...result, ready: readyAfter, idle, loaded: residentOf(peer) }
  } finally {
    peer.kill('SIGKILL')
  }
}

function loadOn(load: Load): Pick<Round, 'perSecond' | 'p50' | 'p99' | 'refused'> {
  const [command = '', ...rest] = onCore(1, [
    process.execPath,
    '--import',
    'tsx',
    join(here, 'load.ts'),
    JSON.stringify(load),
  ])
  return JSON.parse(execFileSync(command, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
}

const readyOf = (peer: ChildProcess): Promise<Ready> =>
  new Promise((resolve, reject) => {
    peer.once('message', (message) => resolve(message as Ready)) // what each peer sends
    peer.once('exit', (code) => reject(new Error(`it ended with ${code} before it was ready`)))
  })

function residentOf(peer: ChildProcess): number {
  const status = readFileSync(`/proc/${peer.pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN) / 1024
}

async function install(url: string, hipchat: string): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...installed,
      capabilitiesUrl: `${hipchat}/v2/capabilities`,
      groupId: 1,
      roomId: 1,
    }),
  })
  if (!answer.ok)
    throw new Error(`the installation was answered with ${answer.status}: ${await answer.text()}`)
}

/** Installs a peer by what its descriptor says, and gives the path of its webhook. */
async function installLike(base: string, descriptor: unknown, hipchat: string): Promise<string> {
  const { capabilities } = descriptor as {
    capabilities: { installable: { callbackUrl: string }; webhook: { url: string }[] }
  } // of a HipChat add-on
  // Where it says it is may be another name of this machine.
  const path = (address: string): string => new URL(address).pathname + new URL(address).search
  await install(base + path(capabilities.installable.callbackUrl), hipchat)
  return path(capabilities.webhook[0]?.url ?? '')
}

/** As much of HipChat as an installation needs. */
function startHipChat(): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer((request, response) => {
      const url = `http://${request.headers.host}`
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify(
          request.url === '/v2/oauth/token'
            ? {
                access_token: 't',
                expires_in: 3600,
                scope: 'send_notification',
                token_type: 'bearer',
                group_id: 1,
                group_name: 'g',
              }
            : {
                name: 'HipChat',
                links: { self: `${url}/v2/capabilities`, api: `${url}/v2`, homepage: url },
                capabilities: {
                  hipchatApiProvider: { url: `${url}/v2/` },
                  oauth2Provider: { tokenUrl: `${url}/v2/oauth/token` },
                },
              },
        ),
      )
    }).unref()
    // Always the same port: stores remember where an installation came from.
    server.listen(hipchatPort, '127.0.0.1', () => resolve(`http://127.0.0.1:${hipchatPort}`))
  })
}

const reachable = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true))
    socket.on('connect', () => socket.destroy())
    socket.on('error', () => resolve(false))
  })

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

async function main(): Promise<void> {
  execFileSync(
    'npx',
    ['tsc', '--project', join(here, '../tsconfig.build.json'), '--outDir', join(here, '.build')],
    { stdio: 'inherit' },
  )
  const left: string[] = []
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

  const hipchat = await startHipChat()
  const results = new Map<string, Round[]>(chosen.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round += 1)
    for (const row of chosen) {
      process.stderr.write(`round ${round} of ${rounds}: ${row.name}${' '.repeat(30)}\r`)
      try {
        results.get(row.name)?.push(await measure(row, hipchat))
      } catch (error) {
        left.push(`${row.name}, round ${round}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  process.stderr.write(`${' '.repeat(70)}\r`)

  const of = (list: Round[], member: keyof Round): number => median(list.map((one) => one[member]))
  const table = [
    '| | verified/s, median (range) | p50 ms | p99 ms | first answer ms | idle MiB | loaded MiB | refused |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...[...results]
      .filter(([, list]) => list.length > 0)
      .map(([name, list]) => {
        const rates = list.map(({ perSecond }) => Math.round(perSecond))
        const cells = [
          `**${Math.round(of(list, 'perSecond'))}** (${Math.min(...rates)}–${Math.max(...rates)})`,
          ...(['p50', 'p99', 'ready', 'idle', 'loaded', 'refused'] as const).map((member) =>
            String(Math.round(of(list, member))),
          ),
        ]
        return `| ${name} | ${cells.join(' | ')} |`
      }),
  ]
  const page = `# Verified webhooks per second

${new Date().toISOString()} · Node ${process.version} · ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores${pinned ? ', server and load pinned to one each' : ''} · ${rounds} rounds of ${seconds} s, 32 connections, a message of 1 KiB, a handler that does nothing.

${table.join('\n')}

HipChat peers verify a JWT of its own for each delivery, except ac-koa-hipchat, which verifies nothing. The GitHub and
Slack frameworks verify an HMAC of the body. None of them keeps seen deliveries, as hipchat-addon does: a replay costs a
write to its store.
${left.length > 0 ? `\nLeft out:\n\n${left.map((line) => `- ${line}`).join('\n')}\n` : ''}`
  console.log(page)
  mkdirSync(join(here, 'results'), { recursive: true })
  writeFileSync(join(here, 'results/webhooks.md'), page)
}

await main()
process.exit(0)
