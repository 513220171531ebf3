/** A store that accepts work and does nothing more, until it is killed. Started by journal.test.ts. */
import { createRedisStore } from '../../../src/store/redis/redis.ts'

const [, , url = '', prefix = '', lease = ''] = process.argv
const { journal } = createRedisStore(url, { prefix, lease: Number(lease) })
await journal?.accept('done', 60_000, 'finished before')
await journal?.finish('done')
for (const id of ['one', 'two', 'other']) await journal?.accept(id, 60_000, `work ${id}`)
process.send?.('accepted')
setInterval(() => {}, 60_000)
