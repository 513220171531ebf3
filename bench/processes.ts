import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const here = fileURLToPath(new URL('.', import.meta.url))

/** Seconds of each measurement, and the number of measurements. */
export const seconds = Number(process.env['BENCH_SECONDS'] || 5)
export const rounds = Number(process.env['BENCH_ROUNDS'] || 5)

/** A folder that is removed when the benchmark ends. */
export const scratch = mkdtempSync(join(tmpdir(), 'hipchat-addon-bench-'))
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))

/** The measured process gets one core and the measuring one another, if the machine allows it. */
export const pinned = availableParallelism() > 1 && existsSync('/usr/bin/taskset')
const onCore = (core: 0 | 1, command: string[]): string[] =>
  pinned ? ['/usr/bin/taskset', '-c', String(core), ...command] : command

/** Folder for CPU profiles, one for each measured process; none if absent. */
const profile = process.env['BENCH_PROFILE'] || undefined
const profiling = [
  '--cpu-prof',
  `--cpu-prof-dir=${profile}`,
  '--import',
  'data:text/javascript,process.on("disconnect", () => process.exit())', // if killed, it would write none
]

export const secret = 'a secret of the benchmark'

/** Starts a script of `rows` or `peers` in its own process, on the core for measured processes unless specified otherwise. */
export function start(script: string, argv: readonly string[], core: 0 | 1 = 0): ChildProcess {
  const flags = profile !== undefined && core === 0 ? profiling : []
  const [command = '', ...rest] = onCore(core, [process.execPath, ...flags, join(here, script), ...argv])
  return spawn(command, rest, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      ...process.env,
      BENCH_SECRET: secret,
      BENCH_PACKAGE: join(here, '.build/index.js'),
      NODE_ENV: 'production',
    },
  })
}

export async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  if (profile === undefined) child.kill('SIGKILL')
  else child.disconnect()
  await ended
}

/** Runs a script of this folder to its end on the core for measuring processes, and returns the JSON that it prints. */
export function outputOf<T>(script: string, argument: unknown): T {
  const [command = '', ...rest] = onCore(1, [
    process.execPath,
    '--import',
    'tsx',
    join(here, script),
    JSON.stringify(argument),
  ])
  return JSON.parse(execFileSync(command, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
}

/** The next message of a process. */
export const messageOf = <T>(child: ChildProcess): Promise<T> =>
  new Promise((resolve, reject) => {
    const ended = (code: number | null): void =>
      reject(new Error(`it ended with ${code} before it was ready`))
    child.once('exit', ended)
    child.once('message', (message) => {
      child.off('exit', ended)
      resolve(message as T) // what each script sends
    })
  })

/** MiB of memory used by a process. */
export function residentOf({ pid }: ChildProcess): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN) / 1024
}

/** Milliseconds of processor time that a process has used, in user and system mode. */
export function processorTimeOf({ pid }: ChildProcess): number {
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')
  const [user, system] = fields.split(' ').slice(11, 13).map(Number)
  return ((user ?? Number.NaN) + (system ?? Number.NaN)) * 10 // in ticks, of which there are 100 a second
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** Progress of the measurement, replaced by the next line. */
export const say = (what: string): boolean => process.stderr.write(`${what}${' '.repeat(40)}\r`)

/** Compiles the package as it is published into `.build`. */
export const build = (): void => {
  const project = join(here, '../tsconfig.build.json')
  execFileSync('npx', ['tsc', '--project', project, '--outDir', join(here, '.build')], { stdio: 'inherit' })
}
