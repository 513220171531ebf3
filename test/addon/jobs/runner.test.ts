import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createTaskQueue, type Turn } from '../../../src/addon/deliveries/task-queue.ts'
import { createRunner } from '../../../src/addon/jobs/runner.ts'
import { StoreError } from '../../../src/errors.ts'
import { createMemoryQueue } from '../../../src/store/memory/queue.ts'
import type { Queue, QueuedWork } from '../../../src/store/store.ts'
import { createTestLog } from '../../../src/testing/log.ts'

afterEach(() => void vi.useRealTimers())

const work = (id: string, more: Partial<QueuedWork> = {}): QueuedWork => ({
  id,
  group: 'g',
  due: 0,
  attempt: 0,
  crashes: 0,
  work: '',
  ...more,
})

/** Lets promises settle that wait for nothing but each other. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn()
}

/** A runner whose works wait until they are ended by name; `break` replaces verbs of its queue. */
function start({ maxJobs = 2, broken = {} }: { maxJobs?: number; broken?: Partial<Queue> } = {}) {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: 1_000_000 })
  const queue: Queue = { ...createMemoryQueue('memory:', () => {}), ...broken }
  const tasks = createTaskQueue(1)
  const { logger, lines } = createTestLog()
  const begun: string[] = []
  const ends = new Map<string, (error?: unknown) => void>()
  const run = async ({ id, attempt }: QueuedWork, _turn: Turn): Promise<void> => {
    begun.push(attempt > 1 ? `${id} ${attempt}` : id)
    await new Promise<void>((resolve, reject) => {
      ends.set(id, (error) => (error === undefined ? resolve() : reject(error)))
    })
    await queue.finish(id)
  }
  const runner = createRunner({ queue, tasks, maxJobs, log: logger, run })
  const add = (...works: QueuedWork[]) => Promise.all(works.map((one) => queue.add(one, { limit: 100 })))
  const pass = async (milliseconds: number) => {
    await vi.advanceTimersByTimeAsync(milliseconds)
    await settle()
  }
  return {
    queue,
    tasks,
    runner,
    begun,
    lines,
    add,
    pass,
    end: (id: string, error?: unknown) => ends.get(id)?.(error),
  }
}

describe('a runner', () => {
  it('runs no more than maxJobs at the same time, and the next one as soon as one has ended', async () => {
    const { runner, begun, add, pass, end } = start()
    await add(work('a', { due: 1 }), work('b', { due: 2 }), work('c', { due: 3 }), work('d', { due: 4 }))
    runner.start(true)
    await pass(0)
    expect(begun).toEqual(['a', 'b'])
    await pass(5_000)
    expect([begun, runner.running]).toEqual([['a', 'b'], 2])
    end('a')
    await pass(0)
    expect(begun).toEqual(['a', 'b', 'c'])
  })

  it('looks every second for what others add, and at the time of what was added here', async () => {
    const { runner, begun, add, pass } = start({ maxJobs: 9 })
    runner.start(true)
    await pass(0)
    await add(work('others', { due: 1_000_100 }))
    await pass(999)
    expect(begun).toEqual([])
    await pass(1)
    expect(begun).toEqual(['others'])
    await add(work('own', { due: Date.now() + 300 }), work('far', { due: Date.now() + 1e11 }))
    runner.wake(Date.now() + 1e11)
    runner.wake(Date.now() + 300)
    await pass(299)
    expect(begun).toEqual(['others'])
    await pass(1)
    expect(begun).toEqual(['others', 'own'])
  })

  it('looks every second, although something far ahead was added during a look', async () => {
    const { runner, begun, add, pass } = start()
    runner.start(true)
    runner.wake(Date.now() + 3_600_000)
    await pass(0)
    await add(work('a', { due: 1_000_500 }))
    await pass(1_000)
    expect(begun).toEqual(['a'])
  })

  it('looks every second, although the clock is set back', async () => {
    const { runner, begun, add, pass } = start()
    runner.start(true)
    await pass(500)
    vi.setSystemTime(10_000)
    await add(work('a', { due: 10_100 }))
    await pass(2_000)
    expect(begun).toEqual(['a'])
  })

  it('runs works one after the other that were running in two processes when they ended', async () => {
    const { runner, begun, add, pass, end } = start({ maxJobs: 9 })
    await add(work('a', { crashes: 2 }), work('b', { crashes: 2 }), work('c', { crashes: 1 }))
    runner.start(true)
    await pass(0)
    expect(begun).toEqual(['a', 'c'])
    await pass(3_000)
    expect(begun).toEqual(['a', 'c'])
    end('a')
    await pass(1_000)
    expect(begun).toEqual(['a', 'c', 'b'])
  })

  it('logs once that the store does not answer, and goes on when it does', async () => {
    let isAway = true
    const memory = createMemoryQueue('memory:', () => {})
    const take: Queue['take'] = async (...all) => {
      if (isAway) throw new StoreError('memory: is away')
      return memory.take(...all)
    }
    const { runner, begun, lines, pass } = start({ broken: { ...memory, take } })
    await memory.add(work('a'), { limit: 9 })
    runner.start(true)
    await pass(3_000)
    expect(lines.map(({ message }) => message)).toEqual(['the queue of jobs cannot be read'])
    isAway = false
    await pass(1_000)
    expect(begun).toEqual(['a'])
  })

  it('puts work back whose end cannot be written, as soon as the store answers again', async () => {
    let isAway = false
    const memory = createMemoryQueue('memory:', () => {})
    const whenThere = async <T>(answer: () => Promise<T>): Promise<T> => {
      if (isAway) throw new StoreError('memory: is away')
      return answer()
    }
    const { runner, begun, lines, pass, end, queue } = start({
      broken: {
        ...memory,
        finish: (id) => whenThere(() => memory.finish(id)),
        putBack: (...all) => whenThere(() => memory.putBack(...all)),
      },
    })
    await memory.add(work('a'), { limit: 9 })
    runner.start(true)
    await pass(0)
    isAway = true
    end('a')
    await pass(2_000)
    expect(lines.map(({ message }) => message)).toEqual(['a job could not be finished: it will run again'])
    isAway = false
    await pass(1_000)
    expect((await queue.get('a'))?.state).toBe('waiting')
    await pass(10_000)
    expect(begun).toEqual(['a', 'a 2'])
  })

  it('puts back what it has just taken when it stops', async () => {
    let answer = () => {}
    const memory = createMemoryQueue('memory:', () => {})
    const take: Queue['take'] = async (...all) => {
      const taken = await memory.take(...all)
      await new Promise<void>((resolve) => {
        answer = resolve
      })
      return taken
    }
    const { runner, begun, queue } = start({ broken: { ...memory, take } })
    await memory.add(work('a'), { limit: 9 })
    runner.start(true)
    await settle()
    const stopped = runner.stop()
    answer()
    await stopped
    expect(begun).toEqual([])
    expect(await queue.get('a')).toMatchObject({ state: 'waiting', attempt: 0 })
  })
})
