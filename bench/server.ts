import { join } from 'node:path'
import { median, messageOf, outputOf, residentOf, rounds, say, scratch, seconds, start } from './processes.ts'
import type { Serving } from './serving.ts'

interface Size {
  readonly rooms: number
  readonly users: number
  readonly messages: number
}

interface Ready {
  readonly api: string
  readonly token: string
}

/** The compatible server of a certain size, on a data folder that is kept between rounds. */
async function serve({ rooms, users, messages }: Size, name: string) {
  const argument = { data: join(scratch, name), rooms, users, messages }
  const child = start('rows/server.mjs', [JSON.stringify(argument)])
  return { child, ready: await messageOf<Ready>(child) }
}

const load = <T>(ready: Ready, more: object): T =>
  outputOf<T>('serving.ts', { ...ready, seconds, ...more } as Serving)

/** Messages, answered and delivered to all listening add-ons. */
export async function measureTalk(): Promise<string> {
  const rates = new Map<number, number[]>([
    [0, []],
    [1, []],
    [10, []],
  ])
  for (let round = 1; round <= rounds; round += 1)
    for (const [addons, list] of rates) {
      say(`messages, round ${round} of ${rounds}: ${addons} webhooks`)
      const { child, ready } = await serve({ rooms: 1, users: 1, messages: 0 }, `talk-${addons}-${round}`)
      list.push(load<{ perSecond: number }>(ready, { kind: 'talk', addons, rooms: 1 }).perSecond)
      child.kill('SIGKILL')
    }
  return table(
    ['webhooks in the room', 'messages/s, median (range)'],
    [...rates].map(([addons, list]) => [addons, range(list)]),
  )
}

/** Pages of a hundred messages, from the newest. */
export async function measureHistory(): Promise<string> {
  const lines: (string | number)[][] = []
  for (const messages of [1_000, 100_000]) {
    say(`history, ${messages} messages`)
    const { child, ready } = await serve({ rooms: 1, users: 1, messages }, `history-${messages}`)
    const results = Array.from({ length: rounds }, () =>
      load<{ perSecond: number; p99: number; refused: number }>(ready, { kind: 'history' }),
    )
    child.kill('SIGKILL')
    const refused = results.reduce((sum, one) => sum + one.refused, 0)
    if (refused > 0) throw new Error(`${refused} reads were refused`)
    lines.push([
      messages.toLocaleString('en'),
      range(results.map(({ perSecond }) => perSecond)),
      median(results.map(({ p99 }) => p99)),
    ])
  }
  return table(['messages in the room', 'reads of 100/s, median (range)', 'p99, ms'], lines)
}

/** The cost of a large group. */
export async function measureGroup(): Promise<string> {
  const lines: (string | number)[][] = []
  for (const size of [
    { rooms: 1, users: 1, messages: 0 },
    { rooms: 1_000, users: 20, messages: 0 },
  ]) {
    say(`a group of ${size.rooms} rooms`)
    const { child, ready } = await serve(size, `group-${size.rooms}`)
    const idle = residentOf(child)
    const rates = Array.from(
      { length: rounds },
      () => load<{ perSecond: number }>(ready, { kind: 'talk', addons: 0, rooms: size.rooms }).perSecond,
    )
    const loaded = residentOf(child)
    child.kill('SIGKILL')
    lines.push([
      `${size.rooms.toLocaleString('en')} × ${size.users}`,
      Math.round(idle),
      Math.round(loaded),
      range(rates),
    ])
  }
  return table(
    ['rooms × users', 'MiB after the start', 'MiB after the load', 'messages/s, median (range)'],
    lines,
  )
}

const range = (rates: readonly number[]): string => {
  const whole = rates.map(Math.round)
  return `**${Math.round(median(rates))}** (${Math.min(...whole)}–${Math.max(...whole)})`
}

const table = (head: readonly string[], lines: readonly (readonly (string | number)[])[]): string =>
  [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
