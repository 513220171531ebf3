/**
 * Records everything that leaves a test file: log lines, whatever their destination; answers over HTTP; errors; output of
 * the file and the processes it starts. Runs before each test file (vitest.config.ts); {@link ./global.ts} searches the records at the end.
 */
import { ChildProcess } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Readable } from 'node:stream'
import { format, inspect } from 'node:util'
import { afterAll, expect, inject } from 'vitest'
import './planted.ts'
import type { Departure } from './search.ts'
import { watchConnections } from './wire.ts'

const { folder } = inject('leaks')
const FULL = 64 * 1024

function createRecorder() {
  const secrets = new Set<string>()
  const errors: Error[] = []
  const lines = { records: '', secrets: '' }
  let over = false

  function append(kind: keyof typeof lines, line: unknown): void {
    // Readers that split lines treat these two as line ends.
    const text = JSON.stringify(line).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
    lines[kind] += `${text}\n`
    if (over || lines[kind].length > FULL) write()
  }

  function write(): void {
    for (const kind of ['records', 'secrets'] as const) {
      if (lines[kind]) appendFileSync(join(folder, `${kind}-${process.pid}.jsonl`), lines[kind])
      lines[kind] = ''
    }
  }

  function place(): Pick<Departure, 'file' | 'test'> {
    const { testPath = '', currentTestName = '(outside of a test)' } = expect.getState()
    return { file: relative(process.cwd(), testPath), test: currentTestName }
  }

  function record(kind: Departure['kind'], label: string, text: string, where = place()): void {
    append('records', { kind, ...where, label, text } satisfies Departure)
  }

  const connections = watchConnections({
    place,
    answer: (where, label, text) => record('answer', label, text, where),
    secret(text) {
      if (secrets.has(text)) return
      secrets.add(text)
      append('secrets', text)
    },
  })

  // Members are assigned after the constructor's `super()`, so an error is recorded when it is complete.
  function lookAtErrors(): void {
    for (const error of errors.splice(0)) record('error', nameOf(error), shown(error))
  }

  return {
    record,
    error(error: Error) {
      if (isOfLibrary(error)) return
      if (errors.push(error) === 1) queueMicrotask(lookAtErrors)
    },
    /** The test file has ended; later records are written at once. */
    end() {
      lookAtErrors()
      connections.flush()
      over = true
      write()
    },
  }
}

type Recorder = ReturnType<typeof createRecorder>

/** pino announces each line on its own channel, before it is written to the test's destination. */
function watchLogs({ record }: Recorder): void {
  subscribe('tracing:pino_asJson:end', (message) =>
    record('log', 'pino', String((message as { result: unknown }).result)),
  )
}

/** Classes of errors that are defined from now on extend this: those of the sources, and of libraries. */
function watchErrors({ error }: Recorder): void {
  const watched: ErrorConstructor = new Proxy(Error, {
    construct(target, all, newTarget) {
      const made = Reflect.construct(target, all, newTarget)
      if (newTarget === watched) Error.captureStackTrace(made, this.construct) // its stack begins where it was created
      error(made)
      return made
    },
  })
  globalThis.Error = watched
}

function watchOutput({ record }: Recorder): void {
  for (const method of ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const) {
    const original = console[method].bind(console)
    console[method] = (...all: unknown[]) => {
      record('output', `console.${method}`, format(...all))
      original(...all)
    }
  }
  for (const name of ['stdout', 'stderr'] as const) {
    const stream = process[name]
    const { write } = stream
    stream.write = function (this: typeof stream, ...all: unknown[]) {
      record('output', name, String(all[0]))
      return Reflect.apply(write, this, all)
    } as typeof write
  }
}

/** The output of processes that a test starts, read where it arrives, since the test may not read it at all. */
function watchProcesses({ record }: Recorder): void {
  // All functions of the module use `spawn`; it is not in Node's types.
  const prototype = ChildProcess.prototype as unknown as {
    spawn(this: ChildProcess, options: object): unknown
  }
  const { spawn } = prototype
  prototype.spawn = function (options) {
    const outcome = spawn.call(this, options)
    for (const name of ['stdout', 'stderr'] as const) if (this[name]) watchStream(this[name], name, record)
    return outcome
  }
}

function watchStream(stream: Readable, name: string, record: Recorder['record']): void {
  const { push } = stream
  stream.push = function (this: Readable, chunk: unknown, encoding?: BufferEncoding) {
    if (chunk !== null) record('output', `${name} of a process`, String(chunk))
    return push.call(this, chunk, encoding)
  }
}

/** Created in a library: got's errors carry the whole request, and we pass none of them on. */
const isOfLibrary = ({ stack = '' }: Error): boolean =>
  /^ +at .*/m.exec(stack)?.[0].includes('/node_modules/') ?? false

const nameOf = (error: unknown): string => (error instanceof Error ? error.constructor.name : typeof error)

/** Everything that an error shows of itself. A test may have made it unreadable. */
function shown(error: unknown): string {
  const views = [
    () => (error instanceof Error ? `${error.message}\n${error.stack}` : ''),
    () => JSON.stringify(error) ?? '',
    () => inspect(error, { depth: 6 }),
  ]
  return views
    .map((view) => {
      try {
        return view()
      } catch {
        return ''
      }
    })
    .join('\n')
}

// A process may run several test files, each with its own modules: one recorder for all of them.
const here = Symbol.for('hipchat-addon test recorder')
const shared = globalThis as { [here]?: Recorder }
if (!shared[here]) {
  const recorder = createRecorder()
  for (const watch of [watchLogs, watchErrors, watchOutput, watchProcesses]) watch(recorder)
  shared[here] = recorder
}
const recorder = shared[here]

afterAll(() => recorder.end())
