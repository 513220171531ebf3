import { type ChildProcess, spawn } from 'node:child_process'

export interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  /** The user that runs it, if not the current one. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined
}

/** A program that failed, with the end of its output. */
export class ProgramError extends Error {
  override name = 'ProgramError'
  constructor(command: string, what: string, said: string) {
    const end = said.trimEnd().split('\n').slice(-40).join('\n')
    super(`${command}\n${what}; the end of what it said:\n\n${end}`)
  }
}

/** The running programs. */
const running = new Set<ChildProcess>()
let stopped = false

/** Whether `stopAll` was called: a program that fails afterwards was stopped. */
export const isStopped = (): boolean => stopped

/** Ends all running programs at once, and lets no others start. */
export function stopAll(): void {
  stopped = true
  for (const child of running) signalGroup(child, 'SIGKILL')
}

/** Each program leads a process group, so that its children get the signal too. Windows has no process groups. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (process.platform === 'win32' || child.pid === undefined) child.kill(signal)
    else process.kill(-child.pid, signal)
  } catch (error) {
    // It has just ended.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** Starts a program that runs until it is ended. */
export function start(command: string, args: readonly string[], { cwd, env, owner }: Place) {
  if (stopped) throw new Error(`${command} was not started: everything is being stopped`)
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
  // Waiting callers learn that a program could not be started; nobody else has to.
  ended.catch(() => {})
  return {
    ended,
    said: () => said,
    signalGroup: (signal: NodeJS.Signals) => signalGroup(child, signal),
  }
}

export type Running = ReturnType<typeof start>

/** Waits for a program to end, and ends it if that takes too long. Returns its exit code, or the signal that ended it. */
export async function endWithin(seconds: number, program: Running): Promise<number | string | null> {
  let late = false
  const timer = setTimeout(() => {
    late = true
    program.signalGroup('SIGKILL')
  }, seconds * 1000)
  const code = await program.ended.finally(() => clearTimeout(timer))
  return late ? `nothing within ${seconds} s` : code
}

/** Runs a program that must succeed, and returns its output. */
export async function succeed(command: string, args: readonly string[], place: Place): Promise<string> {
  const program = start(command, args, place)
  const code = await endWithin(300, program)
  if (code !== 0) throw new ProgramError(asTyped(command, args), `ended with ${code}`, program.said())
  return program.said()
}

/** The same for npm, which must not print warnings either. */
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
