import { createKeyedQueue } from '../common/keyed-queue.ts'
import type { Outbound } from '../common/outbound.ts'
import { createDiscovery } from './discovery.ts'
import { createInstall, type InstallParts } from './install.ts'
import { createAttempts } from './install-limit.ts'
import type { Installation } from './installation.ts'
import { createThrottle } from './throttle.ts'
import { createUninstall, type Uninstall, type UninstallParts } from './uninstall.ts'
import { createUpdate, type Update, type UpdateParts } from './update.ts'

/**
 * Installs, updates and removes. Nothing authenticates these requests: anyone can send them. So credentials
 * only count after the token endpoint of an allowed server has accepted them, a request never replaces a
 * known installation, and none is removed while its server still accepts it.
 *
 * Refusals throw {@link InstallationRefusedError}: its message goes to the caller and has no details about
 * the add-on's network; its cause goes to the log.
 */
export interface Installing extends Uninstall {
  install(body: unknown): Promise<Installation>
  readonly update: Update
  /** Fetches the one-time document at `installable_url`, for installations by browser. */
  fetchInstallable(url: string): Promise<unknown>
  /** Cancels the work that is scheduled for later. */
  close(): void
}

/** Rate of unsigned requests about one installation. */
const unsigned = { burst: 5, every: 10_000 } as const

/** Limits of requests that are not about a known installation. */
const unknown = { atOnce: 10, waiting: 200, failures: 200, every: 500 } as const

type Shared = 'queues' | 'attempts' | 'discovery' | 'refreshes' | 'removals'

/** What installing, updating and removing need, but for what they share with each other. */
export type InstallingParts = Omit<InstallParts & UpdateParts & UninstallParts, Shared> & {
  readonly outbound: Outbound
}

export function createInstalling(parts: InstallingParts): Installing {
  const attempts = createAttempts(unknown)
  const discovery = createDiscovery(parts.outbound)
  // A server that gets no answer may ask again, and a removal must not run in the middle of an update.
  const queues = createKeyedQueue()
  const refreshes = createThrottle<Installation>(unsigned)
  const removals = createThrottle<void>(unsigned)

  return {
    install: createInstall({ ...parts, queues, attempts, discovery }),
    update: createUpdate({ ...parts, queues, refreshes, discovery }),
    ...createUninstall({ ...parts, queues, removals }),
    fetchInstallable: (url) => attempts.run(() => discovery.installable(url)),
    close() {
      refreshes.close()
      removals.close()
    },
  }
}
