import {
  ApiError,
  InstallationRefusedError,
  MissingScopeError,
  RateLimitError,
  RoomInstallationError,
  StoreError,
} from '../errors.ts'
import type { HookContext, ReplacedContext } from './context.ts'
import type { Installation } from './installation.ts'
import type { InstallationServices } from './services.ts'

export interface Hooks {
  readonly installed: Hook<HookContext>[]
  readonly updated: Hook<HookContext>[]
  readonly uninstalled: Hook<HookContext>[]
  readonly replaced: Hook<ReplacedContext>[]
}

export type Hook<C> = (context: C) => unknown

/** Milliseconds for a whole installation. Servers were seen to give up after five seconds. */
export const WHOLE_INSTALLATION = 4_000

/** What a hook gets; `signal` ends with the time that the whole installation has. */
export function hookContext(
  { client, values, log, room, glances }: InstallationServices,
  installation: Installation,
  signal: AbortSignal,
): HookContext {
  return {
    installation,
    client,
    glance: glances(installation.roomId),
    store: values,
    log,
    signal,
    room: installation.roomId === undefined ? undefined : room(installation.roomId),
  }
}

/** Runs hooks one after the other; a failure refuses what is going on. */
export async function runHooks<C>(
  name: string,
  hooks: readonly Hook<C>[],
  context: C,
  signal: AbortSignal,
): Promise<void> {
  const late = new Promise<never>((_, reject) => {
    const giveUp = () => reject(tooSlow(`running the ${name} hook`))
    if (signal.aborted)
      giveUp() // it is not aborted a second time
    else signal.addEventListener('abort', giveUp, { once: true })
  })
  late.catch(() => {}) // without hooks nobody listens
  try {
    for (const hook of hooks) {
      if (signal.aborted) await late // nothing begins once the time is over
      await Promise.race([hook(context), late])
    }
  } catch (error) {
    if (error instanceof InstallationRefusedError && error.status >= 400 && error.status <= 599) throw error
    if (error instanceof StoreError) throw error
    const why = isForAdministrators(error) ? error.message : 'its log says why'
    throw new InstallationRefusedError(500, `The add-on’s ${name} hook failed: ${why}.`, { cause: error })
  }
}

/** What HipChat itself refused. Other errors may name addresses of our network, and an author's may quote anything. */
const isForAdministrators = (error: unknown): error is Error =>
  error instanceof ApiError ||
  error instanceof MissingScopeError ||
  error instanceof RateLimitError ||
  error instanceof RoomInstallationError

/** The refusal when the time is over; `what` was going on then. */
export const tooSlow = (what: string): InstallationRefusedError =>
  new InstallationRefusedError(
    504,
    `The installation took longer than ${WHOLE_INSTALLATION / 1000} s, while ${what}.`,
  )
