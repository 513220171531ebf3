import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { createEmbeddedStore } from '../../src/store/embedded.ts'

// Opens, writes and closes stores from several add-ons of a thread; with WORKERS=1 also from workers, some of which are
// stopped in the midst of it, which lmdb does not always survive: see `reliability.md`.
// Prints how many updates of `count` were acknowledged, by folder.

interface Task {
  readonly folders: readonly string[]
  readonly rounds: number
  /** The key that is counted up. */
  readonly key: string
}

const addons = 3
const self = fileURLToPath(import.meta.url)

async function play({ folders, rounds, key }: Task): Promise<number[]> {
  const counts = folders.map(() => 0)
  const addon = async (first: number) => {
    for (let round = 0; round < rounds; round += 1) {
      const index = (first + round) % folders.length
      const store = createEmbeddedStore({ path: folders[index] ?? '' })
      const written = Array.from({ length: 1 + (round % 3) }, async () => {
        await store.update(key, (count) => String(Number(count ?? 0) + 1))
        counts[index] = (counts[index] ?? 0) + 1
      })
      await store.claim(`${key}:${first}:${round}`, 1000)
      if (round % 4 === 0) await wait(Math.random() * 3)
      await (round % 2 === 0 ? Promise.all([...written, store.get(key)]) : undefined)
      const closed = store.close() // finishes what has begun
      if (round % 3 === 0) await closed
      await Promise.all([...written, closed])
    }
  }
  await Promise.all(Array.from({ length: addons }, (_, first) => addon(first)))
  return counts
}

function startWorker(task: Task): Worker {
  const code = `import('tsx/esm/api').then(({ register }) => {
    register()
    return import(${JSON.stringify(self)})
  })`
  return new Worker(code, { eval: true, workerData: task })
}

async function main(rounds: number, folders: string[]): Promise<void> {
  const hasWorkers = process.env['WORKERS'] === '1'
  const counted = hasWorkers ? startWorker({ folders, rounds, key: 'count' }) : undefined
  const ofWorker = new Promise<number[]>((resolve, reject) => {
    if (!counted) return resolve([])
    counted.once('message', resolve)
    counted.once('error', reject)
  })
  const stopped = async () => {
    for (let stops = 0; hasWorkers && stops < Math.ceil(rounds / 20); stops += 1) {
      const worker = startWorker({ folders, rounds: 1_000_000, key: 'stopped' })
      await wait(200 + Math.random() * 100)
      await worker.terminate()
    }
  }
  const [own, other] = await Promise.all([play({ folders, rounds, key: 'count' }), ofWorker, stopped()])
  process.stdout.write(`${JSON.stringify(own.map((count, index) => count + (other[index] ?? 0)))}\n`)
}

if (isMainThread) await main(Number(process.argv[2]), process.argv.slice(3))
else parentPort?.postMessage(await play(workerData as Task))
