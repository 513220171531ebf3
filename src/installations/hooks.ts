import {
  ApiError,
  InstallationRefusedError,
  MissingScopeError,
  RateLimitError,
  RoomInstallationError,
  StoreError,
} from '../errors.ts'
import type { HookContext, ReplacedContext } from './context.ts'

/** The registered lifecycle hooks, in the order of registration. */
export interface Hooks {
  readonly installed: Hook<HookContext>[]
  readonly updated: Hook<HookContext>[]
  readonly uninstalled: Hook<HookContext>[]
  readonly replaced: Hook<ReplacedContext>[]
}

/** A lifecycle hook. Its result is awaited and ignored. */
export type Hook<C> = (context: C) => unknown

/** Milliseconds for a whole installation. Servers have been observed to give up after five seconds. */
export const installationTimeout = 4_000

/**
 * Runs hooks one after the other. An error, or the end of the time, throws an {@link
 * InstallationRefusedError}.
 */
export async function runHooks<C>(
  name: string,
  hooks: readonly Hook<C>[],
  context: C,
  signal: AbortSignal,
): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    const giveUp = () => reject(tooSlow(`running the ${name} hook`))
    if (signal.aborted)
      giveUp() // no second `abort` event would follow
    else signal.addEventListener('abort', giveUp, { once: true })
  })
  late.catch(() => {}) // without hooks, nothing awaits it
  try {
    for (const hook of hooks) {
      if (signal.aborted) await late // no hook starts after the end of the time
      await Promise.race([hook(context), late])
    }
  } catch (error) {
    if (error instanceof InstallationRefusedError && error.status >= 400 && error.status <= 599) throw error
    if (error instanceof StoreError) throw error
    const why = isForAdministrators(error) ? error.message : 'its log says why'
    throw new InstallationRefusedError(500, `The add-on’s ${name} hook failed: ${why}.`, { cause: error })
  }
}

/**
 * Whether HipChat itself refused something. Other errors may contain internal addresses, or anything an
 * author put in.
 */
const isForAdministrators = (error: unknown): error is Error =>
  error instanceof ApiError ||
  error instanceof MissingScopeError ||
  error instanceof RateLimitError ||
  error instanceof RoomInstallationError

/** The error at the end of the time; `what` was in progress. */
export const tooSlow = (what: string): InstallationRefusedError =>
  new InstallationRefusedError(
    504,
    `The installation took longer than ${installationTimeout / 1000} s, while ${what}.`,
  )
