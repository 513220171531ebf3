import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { parseJson } from '../common/http.ts'
import { UsageError } from './usage.ts'

/** An add-on in a separate process, one at a time. */
export interface AddonProcess {
  /** Stops the running process and starts another. */
  restart(): Promise<void>
  /** Starts the next process and loads the framework in it, which takes most of the time of a start. */
  prepare(): void
  /** Stops the process, which gets five seconds to end by itself. Resolves when none is running. */
  stop(): Promise<void>
  /** Whether the add-on is running. */
  isRunning(): boolean
}

/** Options of {@link createAddonProcess}. */
export interface AddonProcessOptions {
  /** The file that starts the add-on. */
  readonly entry: string
  /** Environment variables to add. */
  readonly env: Readonly<Record<string, string>>
  /** Called with each line of output. */
  printed(stream: 'stdout' | 'stderr', line: string): void
  /** Called when the process ended without being stopped. */
  ended(reason: string): void
}

interface Started {
  readonly child: ChildProcess
  /** Resolves with the way it ended. */
  readonly over: Promise<string>
}

const grace = 5_000

/** Creates the process of an add-on, without starting it. */
export function createAddonProcess({ entry, env, printed, ended }: AddonProcessOptions): AddonProcess {
  const given = [...loaderFor(entry), `--import=${holdFor(entry)}`, entry]
  let running: Started | undefined
  let next: Started | undefined
  let stopping = false

  /** Starts a process that waits before it runs its entry. */
  function start(): Started {
    const child = spawn(process.execPath, given, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...env },
    })
    for (const stream of ['stdout', 'stderr'] as const) {
      const output = child[stream]
      if (output) createInterface(output).on('line', (line) => printed(stream, line))
    }
    const over = new Promise<string>((done) => {
      child.once('error', (error) => done(error.message))
      child.once('close', (code, signal) => done(signal ? `by ${signal}` : `with code ${code}`))
    })
    return { child, over }
  }

  function begin(): void {
    const one = next ?? start()
    next = undefined
    running = one
    one.child.send('begin', () => {}) // if it has already ended, that is reported below
    void one.over.then((reason) => {
      if (running !== one) return
      running = undefined
      if (!stopping) ended(reason)
    })
  }

  async function end({ child, over }: Started): Promise<void> {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), grace)
    await over
    clearTimeout(timer)
  }

  async function stopRunning(): Promise<void> {
    if (!running) return
    stopping = true
    await end(running)
    stopping = false
  }

  return {
    async restart() {
      await stopRunning()
      begin()
    },
    prepare() {
      if (next) return
      const one = start()
      next = one
      void one.over.then(() => {
        if (next === one) next = undefined
      })
    },
    async stop() {
      const waiting = next
      next = undefined
      await Promise.all([stopRunning(), waiting && end(waiting)])
    },
    isRunning: () => running !== undefined,
  }
}

/**
 * A module to run before the entry: it loads the framework, if the project has it, and waits for a message. The entry is still
 * the main module. It is code rather than a file, because no loader for the file's language may be known yet.
 */
function holdFor(entry: string): string {
  const framework = frameworkOf(entry)
  const code = `
    ${framework === undefined ? '' : `await import(${JSON.stringify(framework)}).catch(() => {})`}
    const alone = () => process.exit()
    process.once('disconnect', alone)
    await new Promise((begin) => process.once('message', begin))
    process.off('disconnect', alone)
    process.disconnect()
    delete process.send`
  return `data:text/javascript,${encodeURIComponent(code)}`
}

/** The URL of the framework that the project uses. */
function frameworkOf(entry: string): string | undefined {
  try {
    return pathToFileURL(createRequire(entry).resolve('hipchat-addon')).href
  } catch {
    return undefined
  }
}

/** The arguments that Node needs to run the file: none for JavaScript; for TypeScript the project's tsx, unless Node runs it. */
function loaderFor(entry: string): string[] {
  if (!/\.[cm]?tsx?$/.test(entry)) return []
  try {
    return [`--import=${pathToFileURL(createRequire(entry).resolve('tsx'))}`]
  } catch {
    if ('typescript' in process.features && process.features.typescript) return []
    throw new UsageError(
      `${entry} is TypeScript, which Node ${process.versions.node} cannot run, and tsx is not installed there: npm install --save-dev tsx`,
    )
  }
}

const usual = ['src/index.ts', 'src/addon.ts', 'index.js']

/** The file that `dev` runs: the named one, or the first usual one that exists. */
export function findEntry(named: string | undefined, folder: string): string {
  if (named !== undefined) {
    if (existsSync(resolve(folder, named))) return resolve(folder, named)
    throw new UsageError(`expected a file that can be run, got ${named}, which does not exist`)
  }
  const found = [...usual, mainOf(folder)].find((file) => file && existsSync(resolve(folder, file)))
  if (found) return resolve(folder, found)
  throw new UsageError(
    `expected the file that starts the add-on; ${folder} has no ${usual.join(', ')} or main in package.json`,
  )
}

function mainOf(folder: string): string | undefined {
  const file = join(folder, 'package.json')
  const content = existsSync(file) ? parseJson(readFileSync(file, 'utf8')) : undefined
  if (typeof content !== 'object' || content === null || !('main' in content)) return undefined
  return typeof content.main === 'string' ? content.main : undefined
}

/** The folder with a file's program: the nearest one with a package.json, unless that is above `top`. */
export function projectOf(entry: string, top: string): string {
  const own = dirname(entry)
  for (let folder = own; !relative(top, folder).startsWith('..'); folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) break
  }
  return own
}
