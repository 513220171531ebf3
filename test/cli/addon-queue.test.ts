import { expect, it } from 'vitest'
import { queueIn } from '../../src/cli/addon-queue.ts'
import { UsageError } from '../../src/cli/usage.ts'
import { createKeyvStore, createMemoryStore } from '../../src/store/index.ts'

it('a store without queues is refused with those that have them', async () => {
  const store = createKeyvStore(new Map())
  await store.set('com.example.dice:installation:f00', '{}')
  await expect(queueIn(store, undefined)).rejects.toEqual(
    new UsageError(
      '--store: keyv:Map has no queues, so there are no jobs in it; the embedded store, Redis and PostgreSQL have',
    ),
  )
})

it('the key is that of the add-on that is installed, whatever else is in the store', async () => {
  const store = createMemoryStore()
  await store.set('com.example.dice:installation:f00', '{}')
  await store.set('com.example.gone:value:installation:f00', 'x')
  await store.set('other', 'x')
  expect((await queueIn(store, undefined)).key).toBe('com.example.dice')
  await expect(queueIn(store, 'com.example.gone')).rejects.toEqual(
    new UsageError('--key: expected one of com.example.dice; got com.example.gone'),
  )
})
