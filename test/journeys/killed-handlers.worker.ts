/** An add-on whose handlers can end its process. Started by killed-handlers.test.ts. */
import { setTimeout as delay } from 'node:timers/promises'
import { createAddon, type EventContext } from '../../src/index.ts'

type Handler = (context: EventContext<'room_message', 'send_notification'>) => Promise<void>

const [, , store, secretKey] = process.argv
const addon = createAddon({
  key: 'com.example.killed',
  name: 'Killed',
  description: 'Is killed by its handlers',
  scopes: ['send_notification'],
  store,
  ...(secretKey ? { secretKey } : {}),
})
const handle: Handler = async ({ message, attempt, deliveryId, step, store }) => {
  const [word = '', ends = '0'] = message.message.split(' ')
  const begun = await step('begin', () => `${word} in attempt ${attempt}`)
  await store.update<string[]>('ran', (ran = []) => [...ran, `${word} ${attempt} ${deliveryId}: ${begun}`])
  if (word === 'slow') await delay(attempt > 2 ? 0 : 60_000)
  if (attempt > Number(ends)) return
  if (word === 'poison') await delay(1_000) // others arrive, and begin if they need not wait
  process.kill(process.pid, 'SIGKILL')
}
addon.webhook('room_message', { key: 'hook' }, handle)
addon.webhook('room_message', { key: 'unordered', ordered: false }, handle)
const { url } = await addon.listen(0)
process.send?.(url)
