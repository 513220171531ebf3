import { expect, test } from 'vitest'
import { createFairQueue } from '../../src/common/fair-queue.ts'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('an owner with much work waiting delays others by one piece of work', async () => {
  const queue = createFairQueue(1)
  const done: string[] = []
  const piece = (name: string) => async () => {
    await turn()
    done.push(name)
  }
  const all = [
    ...Array.from({ length: 50 }, (_, number) => queue.run('much', piece(`much ${number}`))),
    queue.run('little', piece('little')),
    queue.run('some', piece('some 0')),
    queue.run('some', piece('some 1')),
  ]
  expect([queue.waiting(), queue.waiting('much'), queue.waiting('nobody')]).toEqual([52, 49, 0])
  await Promise.all(all)
  expect(done.slice(0, 6)).toEqual(['much 0', 'much 1', 'little', 'some 0', 'much 2', 'some 1'])
  expect(done.filter((name) => name.startsWith('much'))).toEqual(
    Array.from({ length: 50 }, (_, n) => `much ${n}`),
  )
  expect(queue.waiting()).toBe(0)
})

test('so much runs side by side, and what fails leaves its place to the next', async () => {
  const queue = createFairQueue(2)
  let running = 0
  let most = 0
  const outcomes = await Promise.allSettled(
    Array.from({ length: 9 }, (_, number) =>
      queue.run(`owner ${number % 3}`, async () => {
        running += 1
        most = Math.max(most, running)
        await turn()
        running -= 1
        if (number % 2) throw new Error(`${number}`)
        return number
      }),
    ),
  )
  expect(most).toBe(2)
  expect(outcomes.map(({ status }) => status)).toEqual(
    Array.from({ length: 9 }, (_, number) => (number % 2 ? 'rejected' : 'fulfilled')),
  )
})
