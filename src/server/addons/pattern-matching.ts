import { Worker } from 'node:worker_threads'
import { createFairQueue } from '../../common/fair-queue.ts'
import { withPlainBlanks } from './pattern-whitespace.ts'
import type { Pattern } from './patterns.ts'

/**
 * Looks for the patterns of webhooks in what is said. A step of a program for each character is the unit of what that costs.
 * What costs little is done at once, up to a budget of units for each owner and for all, each second; everything else is
 * done in a thread of its own, where owners take turns. So the longest message and the costliest pattern that are allowed,
 * half a second together, hold up no call, and nobody waits for more than one match of each other owner.
 */
export interface PatternMatching {
  /** `owner`: whose webhook it is. Rejects when the thread breaks down or takes too long, which it ought not to. */
  matches(owner: string, pattern: Pattern, text: string): Promise<boolean>
  close(): Promise<void>
}

// A unit takes 20 to 50 nanoseconds.
const mostAtOnce = 20_000
const budget = { owner: 200_000, all: 1_000_000 } // units each second

const patience = 20_000 // milliseconds for one match
const largestHeap = 256 // MB

export function createPatternMatching(): PatternMatching {
  const queue = createFairQueue(1)
  const used = new Map<string, number>()
  let usedByAll = 0
  let second = 0
  let thread: Worker | undefined

  /** Takes units from the budgets of this second; false when one of them has not enough left. */
  function take(owner: string, units: number): boolean {
    const now = Math.floor(performance.now() / 1000)
    if (now !== second) {
      second = now
      used.clear()
      usedByAll = 0
    }
    const own = (used.get(owner) ?? 0) + units
    if (units > mostAtOnce || own > budget.owner || usedByAll + units > budget.all) return false
    used.set(owner, own)
    usedByAll += units
    return true
  }

  function start(): Worker {
    const worker = new Worker(new URL('./pattern-thread.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: largestHeap },
    })
    worker.on('error', () => {}) // whoever waits is told
    return worker
  }

  /** One match in the thread; the queue lets one in at a time. */
  function ask(source: string, text: string): Promise<boolean> {
    thread ??= start()
    const worker = thread
    return new Promise((resolve, reject) => {
      const settle = (outcome: boolean | Error) => {
        clearTimeout(timer)
        worker.off('message', settle).off('error', failed).off('exit', failed)
        worker.unref()
        if (typeof outcome === 'boolean') resolve(outcome)
        else {
          if (thread === worker) thread = undefined // the next match gets a new one
          void worker.terminate()
          reject(outcome)
        }
      }
      const failed = () => settle(new Error('its thread broke down'))
      const timer = setTimeout(() => settle(new Error(`it took longer than ${patience} ms`)), patience)
      worker.on('message', settle).on('error', failed).on('exit', failed)
      worker.ref() // the process does not end amid a match
      worker.postMessage({ source, text })
    })
  }

  return {
    async matches(owner, pattern, text) {
      if (take(owner, pattern.steps * text.length)) return pattern(text)
      return queue.run(owner, () => ask(pattern.source, withPlainBlanks(text)))
    },
    async close() {
      await thread?.terminate()
    },
  }
}
