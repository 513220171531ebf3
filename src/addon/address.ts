import { ConfigurationError } from '../errors.ts'
import { createDescriptor, type Declared, type ServedDescriptor } from './descriptor.ts'
import type { Settings } from './options.ts'

/** Where the add-on is, and what it says of itself there. */
export interface Address {
  /** The base address, without a slash at its end. Throws a {@link ConfigurationError} while it is not known. */
  url(): string
  /** Path of the base address, without a slash at its end. */
  path(): string
  /** The descriptor for that address and what has been registered by now. */
  descriptor(): ServedDescriptor
  /** Takes the address it turned out to have, unless one was given. */
  learn(url: string): void
  /** Forgets what it learnt. */
  forget(): void
  /** To be told when something was registered. */
  changed(): void
}

export function createAddress(settings: Settings, declared: Declared): Address {
  let learnt: string | undefined
  let based: { readonly url: string; readonly path: string } | undefined
  let served: ServedDescriptor | undefined

  function url(): string {
    const known = settings.baseUrl ?? learnt
    if (known === undefined)
      throw new ConfigurationError(
        'the base address is not known yet: give createAddon a baseUrl, or call listen() first',
      )
    return known
  }

  return {
    url,
    path() {
      const current = url()
      // Worked out once for each: every request asks.
      if (based?.url !== current) based = { url: current, path: new URL(current).pathname.replace(/\/$/, '') }
      return based.path
    },
    descriptor() {
      served ??= createDescriptor(settings.options, url(), declared)
      return served
    },
    learn(found) {
      learnt = found
    },
    forget() {
      learnt = undefined
      served = undefined
    },
    changed() {
      served = undefined
    },
  }
}
