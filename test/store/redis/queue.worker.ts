/** A store that takes work of a queue, and finishes and puts back what it is told to. Started by queue.test.ts. */
import { createRedisStore } from '../../../src/store/redis/redis.ts'
import type { Queue, QueuedWork } from '../../../src/store/store.ts'
import { patient } from '../redis-server.ts'

const [, , url = '', prefix = '', lease = ''] = process.argv
const queue = createRedisStore(url, { prefix, lease: Number(lease), ...patient }).queue?.('queue') as Queue // a Redis store has one
const taken = await queue.take(1000, 2)
process.on('message', async () => {
  const [one, other] = taken as [QueuedWork, QueuedWork] // as many as were asked for
  process.send?.([await queue.finish(one.id), await queue.putBack(other)])
})
process.send?.(taken.map(({ id }) => id))
setInterval(() => {}, 60_000)
