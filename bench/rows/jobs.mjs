// Jobs per second: added by 32 at a time, and run by a handler that does nothing. Arguments: the store, HipChat's address,
// seconds.
import { installOn, openAddon } from './addon.mjs'

const [store, hipchat, seconds] = process.argv.slice(2)
let ran = 0
let added = 0
const { addon, url, registered } = await openAddon(store, { maxQueued: 1_000_000 }, (made) =>
  made.job('job', () => {
    ran += 1
  }),
)
await installOn(`${url}/installable`, hipchat)
let installation
for await (const one of addon.installations()) installation = one

/** Adds jobs for some seconds, and waits until they have run. */
async function run(length) {
  const started = performance.now()
  const until = started + length * 1000
  const used = process.cpuUsage()
  const before = ran
  const lane = async () => {
    while (performance.now() < until) {
      // Not more than can be run: a growing queue would be measured otherwise.
      if (added - ran > 1_000) await new Promise(setImmediate)
      else {
        added += 1
        await registered.add(installation)
      }
    }
  }
  await Promise.all(Array.from({ length: 32 }, lane))
  await addon.idle()
  const { user, system } = process.cpuUsage(used)
  const done = ran - before
  return { perSecond: (done / (performance.now() - started)) * 1000, cost: (user + system) / done }
}
await run(1) // warm
process.send(await run(Number(seconds)))
