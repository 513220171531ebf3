/** An add-on whose handlers can end its process. Started by killed-handlers.test.ts. */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { createAddon, type EventContext } from '../../src/index.ts'

const [, , store, secretKey] = process.argv
const addon = createAddon({
  key: 'com.example.killed',
  name: 'Killed',
  description: 'Is killed by its handlers',
  scopes: ['send_notification'],
  store,
  ...(secretKey ? { secretKey } : {}),
})
/** The test says when a handler may end the process. */
const mayEnd = once(process, 'message')
let begun = 0

const handle = async (
  { message, attempt, deliveryId, step, store }: EventContext<'room_message', 'send_notification'>,
  isUnordered = false,
): Promise<void> => {
  const [word = '', ends = '0'] = message.message.split(' ')
  const first = await step('begin', () => `${word} in attempt ${attempt}`)
  await store.update<string[]>('ran', (ran = []) => [...ran, `${word} ${attempt} ${deliveryId}: ${first}`])
  begun += 1
  if (word === 'slow') await delay(attempt > 2 ? 0 : 60_000)
  if (attempt > Number(ends)) return
  if (word === 'poison' && attempt === 1) await mayEnd // others arrive first
  // Another one begins first, if it need not wait.
  if (word === 'poison' && attempt === 2 && isUnordered) while (begun < 2) await delay(10)
  process.kill(process.pid, 'SIGKILL')
}
addon.webhook('room_message', { key: 'hook' }, (context) => handle(context))
addon.webhook('room_message', { key: 'unordered', ordered: false }, (context) => handle(context, true))
const { url } = await addon.listen(0)
process.send?.(url)
