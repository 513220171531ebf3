import { ConfigurationError } from '../errors.ts'
import { createDescriptor, type Declared, type ServedDescriptor } from './descriptor.ts'
import type { ResolvedOptions } from './options.ts'

/** The add-on's base address, and the descriptor it serves there. */
export interface Address {
  /** The base address, without a trailing slash. Throws a {@link ConfigurationError} until it is known. */
  url(): string
  /** Path of the base address, without a trailing slash. */
  path(): string
  /** The descriptor for this address and the current registrations. */
  descriptor(): ServedDescriptor
  /** Sets the address that the add-on listens on. The option `baseUrl` wins over it. */
  learn(url: string): void
  /** Forgets the address set by `learn`. */
  forget(): void
  /** Discards the cached descriptor. Called when something was registered. */
  changed(): void
}

export function createAddress(resolved: ResolvedOptions, declared: Declared): Address {
  let learnt: string | undefined
  let based: { readonly url: string; readonly path: string } | undefined
  let served: ServedDescriptor | undefined

  function url(): string {
    const known = resolved.baseUrl ?? learnt
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
      // Cached, since it is needed for every request.
      if (based?.url !== current) based = { url: current, path: new URL(current).pathname.replace(/\/$/, '') }
      return based.path
    },
    descriptor() {
      served ??= createDescriptor(resolved.options, url(), declared)
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
