import ipaddr from 'ipaddr.js'

/** How many calls and messages are allowed. For HipChat's figures see {@link defaultLimits}. */
export interface Limits {
  /** Calls per window with an add-on's token, and per address without a token. Default 500. */
  readonly api: number
  /** Calls per window with a user's token. Default 100. */
  readonly user: number
  /** Messages per message window, token, and room or person. Default 30. */
  readonly flood: number
  /** Length of the window for calls, in seconds. Default 300. */
  readonly windowSeconds: number
  /** Length of the window for messages, in seconds. Default 60. */
  readonly floodWindowSeconds: number
}

/**
 * 500 calls in five minutes for add-ons and 30 messages a minute per room (HipChat's page on rate limits); 100
 * calls for users (HipChat Server's knowledge base, "increase the v2 API rate limit").
 */
export const defaultLimits: Limits = {
  api: 500,
  user: 100,
  flood: 30,
  windowSeconds: 300,
  floodWindowSeconds: 60,
}

/** State of a limit for one key. */
export interface Allowance {
  readonly limit: number
  readonly remaining: number
  /** End of the window, in UNIX seconds. */
  readonly reset: number
  /** Whether this call exceeds the limit. */
  readonly exceeded: boolean
}

/** Counts uses by key. */
export interface Counter {
  /** Uses up one unit. */
  take(key: string, limit: number): Allowance
  /** Returns a unit that was taken. */
  give(key: string): void
  /** The state of a key, without using up a unit. */
  peek(key: string, limit: number): Allowance
  clear(): void
}

const fewest = 10_000

/**
 * Counts in fixed windows that begin with the first call: `Remaining` goes down until `Reset` and then jumps back,
 * as clients of HipChat expect. When `enforced` is false, everything is allowed and the figures stay at their
 * start.
 */
export function createCounter(windowSeconds: number, enforced: boolean): Counter {
  const windows = new Map<string, { end: number; used: number }>()
  const length = windowSeconds * 1000
  let sweepAt = fewest

  function current(key: string): { end: number; used: number } {
    const now = Date.now()
    const window = windows.get(key)
    if (window && window.end > now) return window
    const fresh = { end: now + length, used: 0 }
    if (windows.size >= sweepAt) sweep(now)
    windows.set(key, fresh)
    return fresh
  }

  /**
   * Waits until there are twice as many keys as the last sweep left: a flood of keys must not cause a walk through
   * all of them each time.
   */
  function sweep(now: number): void {
    for (const [key, { end }] of windows) if (end <= now) windows.delete(key)
    sweepAt = Math.max(fewest, 2 * windows.size)
  }

  const allowance = (window: { end: number; used: number }, limit: number, exceeded: boolean): Allowance => ({
    limit,
    remaining: enforced ? Math.max(0, limit - window.used) : limit,
    reset: Math.ceil(window.end / 1000),
    exceeded,
  })

  return {
    take(key, limit) {
      const window = current(key)
      const exceeded = enforced && window.used >= limit
      if (!exceeded) window.used += 1
      return allowance(window, limit, exceeded)
    },
    give(key) {
      const window = windows.get(key)
      if (window && window.used > 0) window.used -= 1
    },
    peek: (key, limit) => allowance(current(key), limit, false),
    clear: () => windows.clear(),
  }
}

/**
 * Key that callers without a token are counted by. An owner of one IPv6 address also has the other 2^64 of its
 * network.
 */
export function addressKey(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv4' ? parsed.toString() : parsed.toByteArray().slice(0, 8).join('.')
}

/** The three headers that report an allowance, with the prefix of the limit. */
export const limitHeaders = (
  prefix: 'X-Ratelimit' | 'X-FloodControl',
  allowance: Allowance,
): Record<string, string> => ({
  [`${prefix}-Limit`]: String(allowance.limit),
  [`${prefix}-Remaining`]: String(allowance.remaining),
  [`${prefix}-Reset`]: String(allowance.reset),
})
