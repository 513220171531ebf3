/** An add-on whose handlers can end its process. Started by killed-handlers.test.ts. */
import { createAddon } from '../../src/index.ts'

const [, , store, secretKey] = process.argv
const addon = createAddon({
  key: 'com.example.killed',
  name: 'Killed',
  description: 'Is killed by its handlers',
  scopes: ['send_notification'],
  store,
  ...(secretKey ? { secretKey } : {}),
})
addon.webhook('room_message', { key: 'hook' }, async ({ message, attempt, deliveryId, step, store }) => {
  const [word = '', ends = '0'] = message.message.split(' ')
  const begun = await step('begin', () => `${word} in attempt ${attempt}`)
  await store.update<string[]>('ran', (ran = []) => [...ran, `${word} ${attempt} ${deliveryId}: ${begun}`])
  if (attempt <= Number(ends)) process.kill(process.pid, 'SIGKILL')
})
const { url } = await addon.listen(0)
process.send?.(url)
