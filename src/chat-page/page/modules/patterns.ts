import type { Pattern } from './conditions.ts'
import type { PatternAnswer, PatternQuestion } from './pattern-worker.ts'

const limit = 100 // milliseconds for one pattern
const startLimit = 5_000 // for the worker, which must be loaded

let running: Worker | undefined
/** One after the other: each has the worker, and its time, for itself. */
let last: Promise<unknown> = Promise.resolve()

/** Tests which patterns match a text, each within its time limit; returns the function that {@link holds} needs. */
export async function tested(
  patterns: readonly Pattern[],
  text: string,
): Promise<(pattern: Pattern) => boolean> {
  const found = new Map<string, boolean | null>()
  for (const { pattern, flags } of patterns) {
    const answer = last.then(() => test({ pattern, flags, text }))
    last = answer
    found.set(keyOf({ pattern, flags }), await answer)
  }
  return (pattern) => {
    const matches = found.get(keyOf(pattern))
    if (typeof matches !== 'boolean') throw new Error('This pattern is invalid, or takes too long')
    return matches
  }
}

async function test(question: PatternQuestion): Promise<boolean | null> {
  running ??= await start()
  if (!running) return null
  running.postMessage(question)
  const answer = await answerOf(running, limit)
  if (typeof answer === 'object') return answer.matches
  running.terminate()
  running = undefined
  return null
}

async function start(): Promise<Worker | undefined> {
  const worker = new Worker(new URL('./pattern-worker.ts', import.meta.url), { type: 'module' })
  if ((await answerOf(worker, startLimit)) === 'ready') return worker
  worker.terminate()
  return undefined
}

/** The worker's next message; `undefined` if there is none in time, or the worker cannot run. */
function answerOf(worker: Worker, time: number): Promise<PatternAnswer | undefined> {
  return new Promise((resolve) => {
    const end = (answer: PatternAnswer | undefined) => {
      clearTimeout(timer)
      worker.onmessage = null
      worker.onerror = null
      resolve(answer)
    }
    const timer = setTimeout(() => end(undefined), time)
    worker.onmessage = ({ data }: MessageEvent<PatternAnswer>) => end(data)
    worker.onerror = () => end(undefined)
  })
}

const keyOf = ({ pattern, flags }: Pattern): string => `${flags}/${pattern}`
