import { describe, expect, it } from 'vitest'
import { createKeyedQueue } from '../../src/common/keyed-queue.ts'

/** A task that ends when it is released. */
function held<T>(result: T) {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  return { task: () => released.then(() => result), release: () => release() }
}

const turn = () => new Promise(setImmediate)

describe('a keyed queue', () => {
  it('runs tasks with the same key in order, and those with other keys at the same time', async () => {
    const queue = createKeyedQueue()
    const first = held('first')
    const ended: string[] = []
    const all = [
      queue.run('a', first.task).then((name) => ended.push(name)),
      queue.run('a', async () => 'second').then((name) => ended.push(name)),
      queue.run('a', async () => 'third').then((name) => ended.push(name)),
      queue.run('b', async () => 'other').then((name) => ended.push(name)),
    ]
    await turn()
    expect(ended).toEqual(['other'])
    first.release()
    await Promise.all(all)
    expect(ended).toEqual(['other', 'first', 'second', 'third'])
  })

  it('starts a task at once if no other has its key', () => {
    let started = false
    void createKeyedQueue().run('a', async () => {
      started = true
    })
    expect(started).toBe(true)
  })

  it('passes a failure to its caller only, and runs the next task', async () => {
    const queue = createKeyedQueue()
    const failed = queue.run('a', () => Promise.reject(new Error('broken')))
    const next = queue.run('a', async () => 'next')
    await expect(failed).rejects.toThrow('broken')
    expect(await next).toBe('next')
  })

  it('keeps nothing about keys without tasks', async () => {
    const queue = createKeyedQueue<number>()
    for (let key = 0; key < 100; key += 1) void queue.run(key, async () => {})
    void queue.run(1, async () => {})
    expect(queue.size).toBe(100)
    await queue.idle()
    expect(queue.size).toBe(0)
  })

  it('has settled when the tasks of now have ended, and is idle when no others were added', async () => {
    const queue = createKeyedQueue()
    const [first, second] = [held('first'), held('second')]
    const ended: string[] = []
    void queue.run('a', first.task)
    void queue.settled().then(() => ended.push('settled'))
    void queue.idle().then(() => ended.push('idle'))
    void queue.run('a', second.task)
    first.release()
    await turn()
    expect(ended).toEqual(['settled'])
    second.release()
    await turn()
    expect(ended).toEqual(['settled', 'idle'])
  })
})
