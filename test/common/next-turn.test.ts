import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createPace, nextTurn } from '../../src/common/next-turn.ts'

test('of those who wait for a turn one goes on in each, in the order in which they came', async () => {
  const gone: string[] = []
  const seen: string[][] = []
  const all = ['first', 'second', 'third'].map((name) => nextTurn().then(() => gone.push(name)))
  for (let count = 0; count < 3; count += 1) {
    await turn()
    seen.push([...gone])
  }
  await Promise.all(all)
  expect(seen).toEqual([['first'], ['first', 'second'], ['first', 'second', 'third']])
})

test('a pace waits whenever enough was done for one turn', () => {
  const pace = createPace(10)
  const waits = [4, 4, 4, 9, 1, 30, 9].map((done) => pace(done) !== undefined)
  expect(waits).toEqual([false, false, true, false, true, true, false])
})
