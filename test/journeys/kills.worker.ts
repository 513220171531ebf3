/** An add-on on the named store, until it is killed. Started by kills.test.ts. */
import { createAddon } from '../../src/index.ts'

const addon = createAddon({
  key: 'com.example.killed',
  name: 'Killed',
  description: 'Is killed by a test',
  scopes: ['send_notification'],
  store: process.argv[2],
  log: false,
})
addon.on('installed', ({ store }) => store.set('greeted', true))
addon.webhook('room_message', { key: 'hook' }, async ({ store, message }) => {
  await store.update<number>(`heard ${message.message}`, (times = 0) => times + 1)
})
const { url } = await addon.listen(0)
process.send?.(url)
