/** One of several processes that serve the same add-on on one port. Started by several-processes.test.ts. */
import cluster from 'node:cluster'
import { createAddon } from '../../src/index.ts'

const [store = '', port = '0', processes = '4'] = process.argv.slice(2)

if (cluster.isPrimary) {
  let listening = 0
  cluster.on('message', (_, message) => {
    listening += 1
    if (listening === Number(processes)) process.send?.(message)
  })
  for (let index = 0; index < Number(processes); index += 1) cluster.fork()
  process.on('SIGTERM', () => {
    let left = Number(processes)
    cluster.on('exit', () => {
      left -= 1
      if (left === 0) process.exit(0)
    })
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM')
  })
} else {
  const addon = createAddon({
    key: 'com.example.many',
    name: 'Many',
    description: 'Runs in several processes',
    scopes: ['send_notification', 'view_room'],
    baseUrl: `http://localhost:${port}`,
    store,
    log: false,
  })
  addon.webhook('room_message', { pattern: /^count/ }, async ({ store, message }) => {
    await store.update<string[]>('by', (list = []) => [...new Set([...list, String(process.pid)])])
    await store.update<Record<string, number>>('handled', (handled = {}) => ({
      ...handled,
      [message.message]: (handled[message.message] ?? 0) + 1,
    }))
  })
  addon.webhook(
    'room_message',
    { key: 'ask', pattern: /^ask/ },
    async ({ room }) => void (await room.getRoom()),
  )
  await addon.listen(Number(port))
  process.on('SIGTERM', () => void addon.close().then(() => process.exit(0)))
  process.send?.('listening')
}
