import { expect } from 'vitest'
import { fc } from '../properties/runs.ts'
import { type FuzzAnswer, type FuzzRequest, printed, send } from './exchange.ts'

/** How many requests each campaign sends: `npm run fuzz` sends more. */
const wanted = Number(process.env['FUZZ_REQUESTS'] ?? 300)

/** The seed of the random numbers; printed with each failure, and given to repeat one. */
const firstSeed = Number(process.env['FUZZ_SEED'] ?? 1)

/** Milliseconds that a campaign may take: on a busy machine a request costs far more than the usual few. */
export const timeout = 30_000 + wanted * 100

/** After so many requests a new target is started: whatever a request removed exists again. */
const perTarget = 150

/** The number of concurrent requests. */
const atOnce = 6

export interface Target {
  readonly origin: string
  readonly requests: fc.Arbitrary<FuzzRequest>
  /** Throws if the target may not give this answer. */
  check(request: FuzzRequest, answer: FuzzAnswer): void
  /** Throws if the target no longer works as it should. */
  stillWorks(): Promise<void>
  close(): Promise<void>
}

/**
 * Sends random requests, to a new target every now and then, and checks every answer. A failure names the seed of its target
 * and the request; `FUZZ_SEED` with the seed sends the same ones again.
 */
export async function campaign(start: (seed: number) => Promise<Target>): Promise<Map<string, Set<number>>> {
  const statuses = new Map<string, Set<number>>()
  for (let sent = 0, seed = firstSeed; sent < wanted; sent += perTarget, seed += 1) {
    const target = await start(seed)
    const requests = fc.sample(target.requests, { seed, numRuns: Math.min(perTarget, wanted - sent) })
    const waiting = requests.values()
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (const request of waiting) {
          const answer = await exchange(target, request, seed)
          statuses.set(request.to, (statuses.get(request.to) ?? new Set()).add(answer.status))
        }
      }),
    )
    await named(seed, undefined, () => target.stillWorks())
    expect(Object.keys(Object.prototype), 'a polluted prototype').toEqual([])
    await target.close()
  }
  return statuses
}

async function exchange(target: Target, request: FuzzRequest, seed: number): Promise<FuzzAnswer> {
  return named(seed, request, async () => {
    const answer = await send(target.origin, request)
    expect(answer.status, `an answer of ${answer.status}: ${answer.text.slice(0, 500)}`).toBeLessThan(500)
    expect(answer.headers, 'an injected header').not.toHaveProperty('x-injected')
    target.check(request, answer)
    return answer
  })
}

async function named<T>(seed: number, request: FuzzRequest | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const about = request === undefined ? 'afterwards' : `with this request:\n${printed(request)}\n`
    throw new Error(`FUZZ_SEED=${seed} fails ${about}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  }
}
