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
  /** Has the next one load the framework already, which is most of a start: what is left of it takes a moment. */
  prepare(): void
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

interface Started {
  readonly child: ChildProcess
  /** How it ended. */
  readonly over: Promise<string>
}

const grace = 5_000

export function createAddonProcess({ entry, env, printed, ended }: AddonProcessOptions): AddonProcess {
  const given = [...loaderFor(entry), `--import=${holdFor(entry)}`, entry]
  let running: Started | undefined
  let next: Started | undefined
  let stopping = false

  /** It comes as far as its entry, and waits there. */
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
    one.child.send('begin', () => {}) // where it has ended already, that is told below
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
 * What is run before the entry: it loads the framework, if the project has it, and waits for a word. The entry is then the main
 * module as ever. Code rather than a file: which loader knows the file's language is not settled before it.
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

/** The address of the framework that the project uses. */
function frameworkOf(entry: string): string | undefined {
  try {
    return pathToFileURL(createRequire(entry).resolve('hipchat-addon')).href
  } catch {
    return undefined
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
