// Run as a process of its own by damaged.test.ts: damages copies of a folder in many ways, and reads and writes each.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEmbeddedStore } from '../../src/store/embedded/embedded.ts'
import { type Damage, damaged } from './damage.ts'

const [source = '', path = '', seed = '0', amount = '0'] = process.argv.slice(2)
const whole = readFileSync(join(source, 'data.mdb'))
const kinds: readonly Damage[] = ['cut', 'zeroed', 'meta', 'bytes', 'header', 'swapped', 'nodes']

for (let number = Number(seed); number < Number(seed) + Number(amount); number += 1) {
  const kind = kinds[number % kinds.length] as Damage // the remainder is one of its indexes
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path)
  writeFileSync(join(path, 'data.mdb'), damaged(whole, kind, number))
  process.stdout.write(`${kind} ${number}: `) // what is last is what a crash was about
  process.stdout.write(`${await use()}\n`)
}

async function use(): Promise<string> {
  const store = createEmbeddedStore({ path })
  try {
    let entries = 0
    for await (const [key] of store.entries('')) {
      if (entries % 10 === 0) await store.get(key)
      entries += 1
    }
    for (let index = 0; index < 30; index += 1) {
      await store.set(`k${index * 71}`, 'y'.repeat(index * 200), 1000)
      await store.delete(`k${index}`)
    }
    await store.update('large', () => 'z'.repeat(100_000))
    return 'fine'
  } catch (error) {
    return String(error)
  } finally {
    await store.close()
  }
}
