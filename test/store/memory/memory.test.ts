import { expect, it } from 'vitest'
import { createMemoryStore } from '../../../src/store/memory/memory.ts'
import { describeStore } from '../contract.ts'

describeStore('memory', async () => {
  const store = createMemoryStore()
  return { store, second: store }
})

it('the memory store answers get synchronously and warns that its values are lost', async () => {
  const store = createMemoryStore()
  await store.set('a', 'x')
  expect(store.get('a')).toBe('x')
  expect(store.warning).toMatch(/lost when this process ends/)
})
