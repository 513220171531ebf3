import { type ChildProcess, spawn } from 'node:child_process'

export interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** Who runs it, if not who runs this. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
}

/** A program that did not do what it should, with the end of what it said. */
export class ProgramError extends Error {
  override name = 'ProgramError'
  constructor(command: string, what: string, said: string) {
    const end = said.trimEnd().split('\n').slice(-40).join('\n')
    super(`${command}\n${what}; the end of what it said:\n\n${end}`)
  }
}

/** What runs now. */
const running = new Set<ChildProcess>()
let stopped = false

/** Whether `stopAll` was called: what fails then was stopped. */
export const isStopped = (): boolean => stopped

/** Ends all that runs, at once, and lets nothing more begin. */
export function stopAll(): void {
  stopped = true
  for (const child of running) signalGroup(child, 'SIGKILL')
}

/** Each program leads a group of its own, so that what it started gets the signal too. Windows has none. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (process.platform === 'win32' || child.pid === undefined) child.kill(signal)
    else process.kill(-child.pid, signal)
  } catch (error) {
    // It ended just now.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Starts a program that runs until it is told to end. */
export function start(command: string, args: readonly string[], { cwd, env, owner }: Place) {
  if (stopped) throw new Error(`${command} was not started: all is being stopped`)
  const child = spawn(command, args, {
    cwd,
    env,
    ...owner,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  const ended = new Promise<number | NodeJS.Signals | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? signal))
  }).finally(() => running.delete(child))
  // Who waits for it hears of a program that could not be started; nobody else has to.
  ended.catch(() => {})
  return {
    ended,
    said: () => said,
    signalGroup: (signal: NodeJS.Signals) => signalGroup(child, signal),
  }
}

export type Running = ReturnType<typeof start>

/** Waits for the end of a program, and ends it itself when that takes too long. Gives its exit code, or what ended it. */
export async function endWithin(seconds: number, program: Running): Promise<number | string | null> {
  let late = false
  const timer = setTimeout(() => {
    late = true
    program.signalGroup('SIGKILL')
  }, seconds * 1000)
  const code = await program.ended.finally(() => clearTimeout(timer))
  return late ? `nothing within ${seconds} s` : code
}

/** Runs a program that has to succeed, and gives what it said. */
export async function succeed(command: string, args: readonly string[], place: Place): Promise<string> {
  const program = start(command, args, place)
  const code = await endWithin(300, program)
  if (code !== 0) throw new ProgramError(asTyped(command, args), `ended with ${code}`, program.said())
  return program.said()
}

/** The same for npm, which may have nothing to warn of either. */
export async function succeedQuietly(
  command: string,
  args: readonly string[],
  place: Place,
): Promise<string> {
  const said = await succeed(command, args, place)
  const warnings = said.split('\n').filter((line) => /^npm warn/i.test(line))
  if (warnings.length > 0) throw new ProgramError(asTyped(command, args), 'warned', warnings.join('\n'))
  return said
}

export const asTyped = (command: string, args: readonly string[]): string =>
  [command, ...args].map((word) => (/\s/.test(word) ? `'${word}'` : word)).join(' ')
