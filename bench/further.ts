import { join } from 'node:path'
import { end, median, messageOf, rounds, say, scratch, seconds, start } from './processes.ts'
import { sizeTable } from './sizes.ts'

/** Look-ups of installations in the embedded store, with few and with many installations. */
export async function measureLookups(): Promise<string> {
  const rates = new Map<number, number[]>([
    [10, []],
    [100_000, []],
  ])
  for (let round = 1; round <= rounds; round += 1)
    for (const [count, list] of rates) {
      say(`look-ups, round ${round} of ${rounds}: ${count} installations`)
      const child = start('rows/lookups.mjs', [join(scratch, `lookups-${count}`), String(count)])
      list.push((await messageOf<{ perSecond: number }>(child)).perSecond)
      await end(child)
    }
  const lines = [...rates].map(([count, list]) => `| ${count.toLocaleString('en')} | ${perSecond(list)} |`)
  return ['| installations | look-ups/s, median (range) |', '| --- | --- |', ...lines].join('\n')
}

/** Calls of the REST API through a handler's client, compared with bare got. */
export async function measureCalls(hipchat: string): Promise<string> {
  const rates = new Map<string, number[]>([
    ['got', []],
    ['hipchat-addon', []],
  ])
  for (let round = 1; round <= rounds; round += 1)
    for (const [which, list] of rates) {
      say(`calls, round ${round} of ${rounds}: ${which}`)
      const child = start('rows/calls.mjs', [which, hipchat, String(seconds)])
      list.push((await messageOf<{ perSecond: number }>(child)).perSecond)
      await end(child)
    }
  const lines = [...rates].map(([which, list]) => `| ${which} | ${perSecond(list)} |`)
  return ['| | calls/s, median (range) |', '| --- | --- |', ...lines].join('\n')
}

/** The number of token exchanges for a thousand first calls at once, from one process and from four. */
export async function measureExchanges(
  hipchat: string,
  exchangesSoFar: () => Promise<number>,
): Promise<string> {
  const lines: string[] = []
  for (const processes of [1, 4]) {
    say(`exchanges, ${processes} processes`)
    const folder = join(scratch, `exchanges-${processes}`)
    const all = Array.from({ length: processes }, () =>
      start('rows/exchanges.mjs', [folder, hipchat, String(1000 / processes)]),
    )
    await Promise.all(all.map((child) => messageOf(child)))
    const ask = (act: string, asked = all): Promise<{ done: number }[]> =>
      Promise.all(
        asked.map((child) => {
          child.send(act)
          return messageOf<{ done: number }>(child)
        }),
      )
    await ask('install', all.slice(0, 1))
    // Verifying the installation has left a token that would serve them all.
    await forgetTokens(folder)
    const before = await exchangesSoFar()
    const took = await ask('call')
    const exchanges = (await exchangesSoFar()) - before
    lines.push(`| ${processes} | ${exchanges} | ${Math.round(Math.max(...took.map(({ done }) => done)))} |`)
    await Promise.all(all.map(end))
  }
  return [
    '| processes | token exchanges | ms until all 1,000 were answered |',
    '| --- | --- | --- |',
    ...lines,
  ].join('\n')
}

async function forgetTokens(folder: string): Promise<void> {
  const { openStore } = await import('../src/store/index.ts')
  const store = openStore(folder)
  for await (const [key] of store.entries('')) if (key.includes(':token:')) await store.delete(key)
  await store.close()
}

/** What `npm install` of either package adds, without development dependencies. */
export function measureSize(): string {
  say('install size')
  return sizeTable(scratch)
}

const perSecond = (rates: readonly number[]): string => {
  const whole = rates.map(Math.round)
  return `**${Math.round(median(rates))}** (${Math.min(...whole)}–${Math.max(...whole)})`
}
