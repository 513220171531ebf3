import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { createEmbeddedStore } from '../../src/store/embedded/embedded.ts'

// Opens, writes and closes stores from several add-ons of a thread, and from workers.
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

function playInWorker(task: Task): Promise<number[]> {
  const code = `import('tsx/esm/api').then(({ register }) => {
    register()
    return import(${JSON.stringify(self)})
  })`
  const worker = new Worker(code, { eval: true, workerData: task })
  return new Promise((resolve, reject) => {
    let counts: number[] | undefined
    worker.once('message', (message: number[]) => {
      counts = message
    })
    worker.once('error', reject)
    worker.once('exit', (code) =>
      counts ? resolve(counts) : reject(new Error(`a worker ended with ${code}`)),
    )
  })
}

/** Workers that follow each other. */
async function playInWorkers(count: number, { rounds, ...task }: Task): Promise<number[][]> {
  const all: number[][] = []
  while (all.length < count) all.push(await playInWorker({ ...task, rounds: Math.ceil(rounds / count) }))
  return all
}

async function main(rounds: number, folders: string[]): Promise<void> {
  const task = { folders, rounds, key: 'count' }
  const [own, ...ofWorkers] = await Promise.all([
    play(task),
    playInWorkers(1, task),
    playInWorkers(Math.ceil(rounds / 30), task), // they come and go meanwhile
  ])
  const parts = [own, ...ofWorkers.flat()]
  process.stdout.write(
    `${JSON.stringify(own.map((_, index) => sum(parts.map((part) => part[index] ?? 0))))}\n`,
  )
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

if (isMainThread) await main(Number(process.argv[2]), process.argv.slice(3))
else parentPort?.postMessage(await play(workerData as Task))
