/** An add-on with jobs, retries and a schedule on the named store, until it is killed. Started by killed-jobs.test.ts. */
import { setTimeout as delay } from 'node:timers/promises'
import { createAddon, type InstallationStore } from '../../src/index.ts'

const addon = createAddon({
  key: 'com.example.killed',
  name: 'Killed',
  description: 'Is killed by a test',
  scopes: ['send_notification'],
  store: process.argv[2],
  log: false,
  acknowledgeAfter: 1, // so that there are deliveries which nobody sends again
  maxQueued: 1_000_000,
})

const self = `${process.pid} at ${Date.now()}`
const count = (store: InstallationStore, what: string) => store.update<number>(what, (times = 0) => times + 1)

const job = addon.job<string>('job', { retry: { attempts: 50, backoff: 50 } }, async (context) => {
  const { data, attempt, step, store } = context
  await step('begin', () => count(store, `step of ${data}`))
  await delay(Math.random() * 20)
  if (data.startsWith('retried') && attempt === 1) throw new Error('fails the first time')
  await count(store, `ran ${data}`)
})

addon.schedule('tick', { cron: '* * * * * *' }, async ({ scheduledFor, store }) => {
  await count(store, `tick ${scheduledFor.getTime()}`)
})

addon.webhook('room_message', { key: 'hear' }, async ({ message, attempt, store }) => {
  await delay(Math.random() * 5)
  if (attempt === 1)
    await store.update<string[]>(`order in ${self}`, (order = []) => [...order, message.message])
  await count(store, `ran ${message.message}`)
})

addon.webhook('room_message', { key: 'add', ordered: false }, async (context) => {
  const { message: text } = context.message
  const wait = text.startsWith('delayed') ? Math.round(Math.random() * 2_000) : 0
  await job.add(context, text, { delay: wait, ...(text.startsWith('named') ? { id: text } : {}) })
})

const { url } = await addon.listen(0)
process.send?.(url)
