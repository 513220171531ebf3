// Many first calls at once, by one of several processes on one store. Arguments: the store, HipChat's address, calls.
// Installs on the message `install`, calls on the message `call`.
import { installOn, openAddon } from './addon.mjs'

const [store, hipchat, calls] = process.argv.slice(2)
const { addon, url } = await openAddon(store)
const acts = {
  install: () => installOn(`${url}/installable`, hipchat),
  call: async () => {
    for await (const installation of addon.installations()) {
      const room = addon.room(installation)
      const started = performance.now()
      await Promise.all(Array.from({ length: Number(calls) }, () => room.getRoom()))
      return performance.now() - started
    }
  },
}
process.on('message', async (act) => process.send({ done: await acts[act]() }))
process.send({ url })
