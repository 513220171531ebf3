// Run as a process of its own by queue.test.ts: takes work from a queue in PostgreSQL. When it is asked, it finishes the first,
// and puts back the others.
import { createPostgresStore } from '../../src/store/postgres/postgres.ts'

const [url = '', name = '', count = '0', lease = '20000'] = process.argv.slice(2)
const queue = createPostgresStore(url, { lease: Number(lease), commandTimeout: 10_000 }).queue?.(name)
const [first, ...others] = (await queue?.take(1000, Number(count))) ?? []
process.on('message', async () => {
  const finished = await queue?.finish(first?.id ?? '')
  process.send?.([finished, ...(await Promise.all(others.map((work) => queue?.putBack(work))))])
})
process.send?.('taken')
setInterval(() => {}, 60_000)
