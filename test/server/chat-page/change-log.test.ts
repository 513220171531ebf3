import { expect, it } from 'vitest'
import { createChangeLog } from '../../../src/server/chat-page/change-log.ts'

it('a limited number of changes and bytes is kept, and the oldest is reported before it is dropped', () => {
  const dropped: number[] = []
  const log = createChangeLog<string>({ most: 3, mostBytes: 100, dropping: (number) => dropped.push(number) })
  expect([log.first, log.last]).toEqual([1, 0])
  for (const text of ['a', 'b', 'c', 'd']) log.add(text, 10)
  expect([log.first, log.last, log.at(1), log.at(2), dropped]).toEqual([2, 4, undefined, 'b', [1]])
  log.add('e', 85)
  expect([log.first, log.last, dropped]).toEqual([4, 5, [1, 2, 3]])
  log.add('longer than all that is kept', 1_000)
  expect([log.first, log.last, log.at(6)]).toEqual([6, 6, 'longer than all that is kept'])
})
