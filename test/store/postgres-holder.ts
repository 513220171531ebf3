// Run as a process of its own by journal.test.ts: accepts work in a PostgreSQL store and waits to be killed.
import { createPostgresStore } from '../../src/store/postgres/postgres.ts'

const [url = '', prefix = '', amount = '0', lease = '20000'] = process.argv.slice(2)
const { journal } = createPostgresStore(url, { lease: Number(lease), commandTimeout: 10_000 })
for (let index = 0; index < Number(amount); index++)
  await journal?.accept(`${prefix}${index}`, 60_000, `work ${index}`)
process.send?.('accepted')
setInterval(() => {}, 60_000)
