// Processor time of one work that is added, taken and finished, while others wait. Arguments: the store, how many wait, seconds.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [setting, count, seconds] = process.argv.slice(2)
const { openStore } = await import(pathToFileURL(join(process.env.BENCH_PACKAGE, '..', 'store/index.js')))
const store = openStore(setting)
const queue = store.queue('bench')
const later = Date.now() + 3_600_000
const work = (id, due) => ({ id, group: 'group', due, attempt: 0, crashes: 0, work: 'x'.repeat(200) })
const add = (one) => queue.add(one, { limit: Number.MAX_SAFE_INTEGER })
const chunk = 1_000
for (let index = 0; index < Number(count); index += chunk)
  await Promise.all(
    Array.from({ length: Math.min(chunk, Number(count) - index) }, (_, offset) =>
      add(work(`waiting ${index + offset}`, later + index + offset)),
    ),
  )

async function run(length) {
  const until = performance.now() + length * 1000
  const used = process.cpuUsage()
  let done = 0
  for (; performance.now() < until; done += 1) {
    await add(work(`due ${done}`, 0))
    for (const { id } of await queue.take(Date.now(), 1)) await queue.finish(id)
  }
  const { user, system } = process.cpuUsage(used)
  return { cost: (user + system) / done, perSecond: done / length }
}
await run(1) // warm
process.send(await run(Number(seconds)))
