import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it, onTestFinished, vi } from 'vitest'
import { createEmbeddedStore, type Store } from '../../src/store/index.ts'
import { delivered, partOf, secretOf, sign, startWorld } from '../support.ts'

// DELIVERIES=1000000 for a long campaign, which takes some minutes.
const deliveries = Number(process.env['DELIVERIES'] ?? 10_000)

setFlagsFromString('--expose_gc')
const collectGarbage = runInNewContext('gc') as () => void // the flag defines it

/** Heap in MiB that is left after garbage collection. */
async function heap(): Promise<number> {
  for (let round = 0; round < 3; round += 1) {
    collectGarbage()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed / 1024 / 1024
}

it('memory stays flat over many deliveries', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-memory-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const embedded = createEmbeddedStore({ path: folder, sweepEvery: 500 })
  // Ids of tokens are kept for minutes; here for seconds, so that the test sees them expire.
  const { journal } = embedded
  const store: Store = {
    ...embedded,
    ...(journal
      ? { journal: { ...journal, accept: (id, ttl, work) => journal.accept(id, Math.min(ttl, 3_000), work) } }
      : {}),
  }
  const { install, url } = await startWorld(
    (addon) => {
      addon.use((_, next) => next())
      addon.webhook('room_message', { key: 'hook', pattern: /(?<word>\w+)/ }, ({ match, signal, log }) => {
        log.debug({ word: match?.groups?.['word'], aborted: signal.aborted }, 'heard')
        return 'heard'
      })
    },
    { addon: { store } },
  )
  const { installation } = await install('everywhere')
  const { oauthId } = installation
  const secret = await secretOf(partOf(store), oauthId)
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  onTestFinished(() => agent.destroy())
  let failed = 0

  const deliver = (index: number) =>
    new Promise<void>((resolve, reject) => {
      const room = 1 + (index % 50)
      const headers = {
        authorization: `JWT ${sign(oauthId, secret, { sub: '2', context: { room_id: room } })}`,
      }
      const sent = request(`${url}/webhook/hook`, { method: 'POST', agent, headers }, (answer) => {
        if (answer.statusCode !== 200) failed += 1
        answer.resume().on('end', resolve)
      })
      sent.on('error', reject)
      sent.end(JSON.stringify(delivered(oauthId, room, `message ${index}`)))
    })
  const run = async (count: number) => {
    let next = 0
    const worker = async () => {
      while (next < count) await deliver(next++)
    }
    await Promise.all(Array.from({ length: 16 }, worker))
  }

  // Afterwards the records of a server, an installation and its rooms exist, and tables have the size they need.
  const long = deliveries > 100_000
  await run(long ? 100_000 : 2_000)
  if (long) await delay(15_000) // until these claims have expired
  const before = await heap()
  await run(deliveries)
  expect(failed).toBe(0)
  // When the claims of the deliveries have expired, nothing is left of them. Logs are removed by the times in later lines.
  await vi.waitFor(
    async () => {
      await deliver(0)
      const grown = (await heap()) - before
      expect(grown, `${grown.toFixed(1)} MiB over ${deliveries} deliveries`).toBeLessThan(4)
      const logs = readdirSync(join(folder, 'claims')).filter((file) => file.endsWith('.log'))
      expect(logs.length).toBeLessThan(3)
    },
    { timeout: 30_000, interval: 1000 },
  )
}, 3_600_000)
