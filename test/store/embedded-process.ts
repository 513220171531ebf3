// Run as a process of its own by embedded.test.ts: does one job on a folder and prints what was acknowledged.
import { createEmbeddedStore } from '../../src/store/embedded/embedded.ts'

const [job = '', path = '', name = '', amount = '0'] = process.argv.slice(2)
const store = createEmbeddedStore({ path })
const say = (line: string): boolean => process.stdout.write(`${line}\n`)
const times = Array.from({ length: Number(amount) }, (_, index) => index)

if (job === 'update') {
  await Promise.all(times.map(() => store.update('count', (value) => String(Number(value ?? 0) + 1))))
  await store.close()
} else if (job === 'claim') {
  const won = await Promise.all(times.map((index) => store.claim(`claim:${index}`, 600_000)))
  say(String(won.filter(Boolean).length))
  await store.close()
} else if (job === 'write') {
  const aDay = 86_400_000 // longer than any campaign
  // Until somebody kills it: eight writers, each key printed once the store has acknowledged it.
  const write = async (writer: number): Promise<never> => {
    for (let index = 0; ; index++) {
      const key = `${name}:${writer}:${index}`
      if (index % 4 === 0) await store.set(key, key)
      else if (index % 4 === 1) await store.set(key, key, aDay)
      else if (index % 4 === 2) await store.update(key, () => key)
      else if (!(await store.claim(key, aDay))) throw new Error(`${key} was claimed before`)
      say(key)
    }
  }
  await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(write))
}

if (job === 'read') {
  say(String(await store.get(name)))
  await store.close()
}

if (job === 'fill') {
  // Under a limit on the size of files: writes until the store refuses, frees something and writes again.
  let refused: unknown
  for (let index = 0; index < 500 && !refused; index++)
    await Promise.all([0, 1, 2].map((part) => store.set(`${index}-${part}`, 'x'.repeat(20_000)))).catch(
      (error: unknown) => {
        refused = error
      },
    )
  say(String(refused))
  say(String((await store.get('0-0'))?.length))

  // Claims have a file of their own, which is as large as it may be at another time.
  let claimed = 0
  try {
    for (; claimed < 100_000; claimed += 100)
      await Promise.all(times.map((index) => store.claim(`${'x'.repeat(150)}${claimed + index}`, 600_000)))
  } catch (error) {
    say(String(error))
  }
  say(String(await store.claim(`${'x'.repeat(150)}0`, 600_000).catch(String)))
  await store.close()
}
