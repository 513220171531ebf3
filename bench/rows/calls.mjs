// Outgoing calls per second, 32 at a time, of this framework's client or of bare got. Arguments: which, HipChat's
// address, seconds.
import { installOn, openAddon } from './addon.mjs'

const [which, hipchat, seconds] = process.argv.slice(2)

async function callOf() {
  if (which === 'got') {
    const { default: got } = await import('got')
    const client = got.extend({
      headers: { authorization: 'Bearer token' },
      retry: { limit: 0 },
      timeout: { request: 10_000 },
    })
    return () => client.get(`${hipchat}/v2/room/1`).json()
  }
  const { addon, url } = await openAddon('memory:')
  await installOn(`${url}/installable`, hipchat)
  for await (const installation of addon.installations()) {
    const room = addon.room(installation)
    return () => room.getRoom()
  }
}

const call = await callOf()
const until = (time) => async () => {
  let done = 0
  for (; performance.now() < time; done += 1) await call()
  return done
}
const run = async (length) => {
  const started = performance.now()
  const each = await Promise.all(Array.from({ length: 32 }, until(started + length * 1000)))
  return each.reduce((sum, done) => sum + done, 0) / ((performance.now() - started) / 1000)
}
await run(1) // warm
process.send({ perSecond: await run(Number(seconds)) })
