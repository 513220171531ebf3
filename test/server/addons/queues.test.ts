import { expect, test } from 'vitest'
import { createQueues } from '../../../src/server/addons/queues.ts'

const failures: unknown[] = []
const queues = () => createQueues((error) => failures.push(error))

/** A job that ends when it is told to. */
function held() {
  let release = () => {}
  const told = new Promise<void>((resolve) => {
    release = resolve
  })
  return { job: () => told, release: () => release() }
}

test('a thousand jobs of one owner may wait, over all its lanes, without delaying other owners', async () => {
  const all = queues()
  const slow = held()
  const ran: string[] = []
  expect(all.add('dead', 'room 0', slow.job)).toBe(true)
  for (let index = 1; index < 1000; index += 1)
    expect(all.add('dead', `room ${index % 10}`, async () => void ran.push('dead'))).toBe(true)
  expect(all.add('dead', 'room 10', async () => void ran.push('too many'))).toBe(false)
  const alive = new Promise<void>((resolve) => void all.add('alive', 'room 0', async () => resolve()))
  await alive
  await new Promise(setImmediate) // the other lanes of the slow one went on meanwhile
  expect(ran.length).toBe(900)
  slow.release()
  await all.idle()
  expect(ran.length).toBe(999)
  expect(ran).not.toContain('too many')
  expect(all.add('dead', 'room 10', async () => {})).toBe(true)
})

test('the last job runs after all lanes, even when no further jobs are accepted, and a failed job delays none', async () => {
  const all = queues()
  const ran: string[] = []
  const slow = held()
  all.add('one', 'a', slow.job)
  all.add('one', 'a', async () => {
    ran.push('a')
    throw new Error('broken')
  })
  for (let index = 0; index < 998; index += 1) all.add('one', 'b', async () => void ran.push('b'))
  expect(all.add('one', 'b', async () => {})).toBe(false)
  all.last('one', async () => void ran.push('last'))
  slow.release()
  await all.idle()
  expect(ran).toHaveLength(1000)
  expect(ran.at(-1)).toBe('last')
  expect(failures).toEqual([new Error('broken')])
})
