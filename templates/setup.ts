import { spawn } from 'node:child_process'
import { CreateError, Interrupted } from './faults.ts'
import type { PackageManagerName } from './package-managers.ts'

/**
 * Creates a git repository, unless the folder is in one. Returns whether it did: an add-on is complete without a repository,
 * so a missing git is not a failure.
 */
export async function createRepository(folder: string): Promise<boolean> {
  const git = (...args: string[]) => run('git', args, folder, 'ignore').catch(() => 1)
  if ((await git('rev-parse', '--is-inside-work-tree')) === 0) return false
  return (await git('init', '--quiet', '--initial-branch=main')) === 0
}

/** Installs the packages. The package manager's output goes to stderr, because stdout is for the result. */
export async function installPackages(pm: PackageManagerName, folder: string): Promise<void> {
  const again = `the add-on is complete; run ${pm} install in its folder`
  const code = await run(pm, ['install'], folder, 'stderr').catch((error: unknown) => {
    if (error instanceof Interrupted) throw new Interrupted(`${pm} install was interrupted; ${again}`)
    const message = error instanceof Error ? error.message : String(error)
    throw new CreateError(`${pm} could not be run (${message}); ${again}`, { cause: error })
  })
  if (code !== 0) throw new CreateError(`${pm} install failed with exit code ${code}; ${again}`)
}

/** Runs a command and returns its exit code. A signal to this process is passed on to the command. */
function run(
  command: string,
  args: readonly string[],
  cwd: string,
  output: 'ignore' | 'stderr',
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    // On Windows package managers are .cmd files, which need a shell. No argument comes from outside.
    const shell = process.platform === 'win32'
    const out = output === 'ignore' ? 'ignore' : process.stderr
    const child = spawn(command, args, { cwd, shell, stdio: ['ignore', out, out] })
    let stopped = false
    const stop = (signal: NodeJS.Signals) => {
      stopped = true
      child.kill(signal)
    }
    const signals = ['SIGINT', 'SIGTERM'] as const
    for (const signal of signals) process.on(signal, stop)
    const settle = (act: () => void) => {
      for (const signal of signals) process.off(signal, stop)
      act()
    }
    child.once('error', (error) => settle(() => reject(error)))
    child.once('close', (code) =>
      settle(() => (stopped ? reject(new Interrupted(`${command} was interrupted`)) : resolve(code))),
    )
  })
}
