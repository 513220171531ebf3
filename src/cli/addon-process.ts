import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { parseJson } from '../common/http.ts'
import { UsageError } from './usage.ts'

/** An add-on as a process of its own, one at a time. */
export interface AddonProcess {
  /** Ends the one that runs, and starts another. */
  restart(): Promise<void>
  /** Resolves when none runs: it gets five seconds to end by itself. */
  stop(): Promise<void>
  isRunning(): boolean
}

export interface AddonProcessOptions {
  readonly entry: string
  readonly env: Readonly<Record<string, string>>
  /** A line that it printed. */
  printed(stream: 'stdout' | 'stderr', line: string): void
  /** It ended, and nobody asked it to. */
  ended(reason: string): void
}

const grace = 5_000

export function createAddonProcess({ entry, env, printed, ended }: AddonProcessOptions): AddonProcess {
  const given = [...loaderFor(entry), entry]
  let running: { child: ChildProcess; closed: Promise<void> } | undefined
  let stopping = false

  function begin(): void {
    const child = spawn(process.execPath, given, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    for (const stream of ['stdout', 'stderr'] as const)
      createInterface(child[stream]).on('line', (line) => printed(stream, line))
    const closed = new Promise<void>((done) => {
      const over = (reason: string) => {
        if (running?.child !== child) return
        running = undefined
        done()
        if (!stopping) ended(reason)
      }
      child.once('error', (error) => over(error.message))
      child.once('close', (code, signal) => over(signal ? `by ${signal}` : `with code ${code}`))
    })
    running = { child, closed }
  }

  async function stop(): Promise<void> {
    if (!running) return
    stopping = true
    const { child, closed } = running
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), grace)
    await closed
    clearTimeout(timer)
    stopping = false
  }

  return {
    async restart() {
      await stop()
      begin()
    },
    stop,
    isRunning: () => running !== undefined,
  }
}

/** What Node needs to run the file: nothing for JavaScript, for TypeScript the project's tsx, or a Node that runs it itself. */
function loaderFor(entry: string): string[] {
  if (!/\.[cm]?tsx?$/.test(entry)) return []
  try {
    return [`--import=${pathToFileURL(createRequire(entry).resolve('tsx'))}`]
  } catch {
    if ('typescript' in process.features && process.features.typescript) return []
    throw new UsageError(
      `${entry} is TypeScript, which Node ${process.versions.node} does not run, and tsx cannot be found from there: npm install --save-dev tsx`,
    )
  }
}

const usual = ['src/index.ts', 'src/addon.ts', 'index.js']

/** The file that `dev` runs: the one that is named, or the first that exists. */
export function findEntry(named: string | undefined, folder: string): string {
  if (named !== undefined) {
    if (existsSync(resolve(folder, named))) return resolve(folder, named)
    throw new UsageError(`expected a file that can be run, came ${named}: there is none`)
  }
  const found = [...usual, mainOf(folder)].find((file) => file && existsSync(resolve(folder, file)))
  if (found) return resolve(folder, found)
  throw new UsageError(
    `expected the file that starts the add-on; came none, and there is no ${usual.join(', ')} or main of package.json in ${folder}`,
  )
}

function mainOf(folder: string): string | undefined {
  const file = join(folder, 'package.json')
  const content = existsSync(file) ? parseJson(readFileSync(file, 'utf8')) : undefined
  if (typeof content !== 'object' || content === null || !('main' in content)) return undefined
  return typeof content.main === 'string' ? content.main : undefined
}

/** The folder whose program files belong to a file: the nearest one with a package.json, if that is not above `top`. */
export function projectOf(entry: string, top: string): string {
  const own = dirname(entry)
  for (let folder = own; !relative(top, folder).startsWith('..'); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) break
  }
  return own
}
