import { Worker } from 'node:worker_threads'
import { createFairQueue } from '../../common/fair-queue.ts'
import type { Pattern } from './pattern-compiler.ts'
import { withPlainSpaces } from './pattern-whitespace.ts'

/**
 * Matches the patterns of webhooks against messages. The unit of cost is one step of a program for one character. A
 * cheap match runs at once, up to a budget of units per second for each owner and for all; every other match runs
 * in a separate thread, where owners take turns. So the longest message and the costliest pattern allowed, half a
 * second together, delay no call, and no owner waits for more than one match of each other owner.
 */
export interface PatternMatching {
  /** `owner` is the owner of the webhook. Rejects when the thread fails or takes too long, which should not happen. */
  matches(owner: string, pattern: Pattern, text: string): Promise<boolean>
  close(): Promise<void>
}

// A unit takes 20 to 50 nanoseconds.
const mostAtOnce = 20_000
const budget = { owner: 200_000, all: 1_000_000 } // units per second

const patience = 20_000 // milliseconds for one match
const largestHeap = 256 // MB

export function createPatternMatching(): PatternMatching {
  const queue = createFairQueue(1)
  const used = new Map<string, number>()
  let usedByAll = 0
  let second = 0
  let thread: Worker | undefined

  /** Takes units from the budgets of this second; false when one of them has too few left. */
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
    worker.on('error', () => {}) // the caller that waits is notified below
    return worker
  }

  /** Runs one match in the thread; the queue runs one at a time. */
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
          if (thread === worker) thread = undefined // the next match gets a new thread
          void worker.terminate()
          reject(outcome)
        }
      }
      const failed = () => settle(new Error('its thread failed'))
      const timer = setTimeout(() => settle(new Error(`it took longer than ${patience} ms`)), patience)
      worker.on('message', settle).on('error', failed).on('exit', failed)
      worker.ref() // the process does not exit during a match
      worker.postMessage({ source, text })
    })
  }

  return {
    async matches(owner, pattern, text) {
      if (take(owner, pattern.steps * text.length)) return pattern(text)
      return queue.run(owner, () => ask(pattern.source, withPlainSpaces(text)))
    },
    async close() {
      await thread?.terminate()
    },
  }
}
