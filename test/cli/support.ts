import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { commandLine } from '../build.ts'

/** The command line, compiled from the sources before the first test. */
export const main = commandLine

export const tsx = import.meta.resolve('tsx')

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command line to its end; `input` is what it reads from its standard input. */
export const run = (
  given: readonly string[],
  env: Readonly<Record<string, string>> = {},
  input = '',
): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { env: { ...process.env, ...env } }
    const child = execFile(process.execPath, [main, ...given], options, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err })
    })
    child.stdin?.end(input)
  })

/** The lines of what a command printed. */
export const linesOf = (text: string): string[] => text.split('\n').filter(Boolean)

/** Starts a command that runs until it is stopped; it is stopped when the test ends, if not before. */
export function start(command: string, given: readonly string[], options: { cwd: string; env?: object }) {
  const child: ChildProcess = spawn(command, given, {
    stdio: 'pipe',
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (bytes) => {
      printed += bytes
    })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  onTestFinished(async () => {
    if (child.exitCode === null) child.kill('SIGTERM')
    await ended
  })
  return { child, ended, printed: () => printed }
}

/** An empty folder, gone when the test ends. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'hipchat-addon-cli-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
