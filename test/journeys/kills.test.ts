import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { openStore, scopeStore } from '../../src/store/index.ts'
import { impostorSecret, startImpostor } from '../addon/impostor.ts'
import { delivered, sign } from '../support.ts'

const kills = Number(process.env['KILLS'] ?? 4)
const worker = fileURLToPath(new URL('kills.worker.ts', import.meta.url))

interface Worker {
  readonly child: ChildProcess
  readonly url: string
}

async function start(folder: string): Promise<Worker> {
  const child = fork(worker, [folder], { execArgv: ['--import', 'tsx'] })
  const [url] = (await once(child, 'message')) as [string] // the only message it sends
  return { child, url }
}

async function kill({ child }: Worker): Promise<void> {
  if (child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** Status of an answer, or 0 if there was none. */
async function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<number> {
  try {
    const sent = {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    }
    return (await fetch(url, sent)).status
  } catch {
    return 0
  }
}

/** Runs an action for each of many, sixteen at a time. */
async function each<T>(list: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const left = [...list]
  const some = async (): Promise<void> => {
    for (let one = left.pop(); one !== undefined; one = left.pop()) await act(one)
  }
  await Promise.all(Array.from({ length: 16 }, some))
}

it(`everything that two add-on processes acknowledged is complete after ${kills} kill -9`, {
  timeout: 120_000 + kills * 5000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-kills-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const impostor = await startImpostor()
  const installed: string[] = []
  const unsure: string[] = []
  const deliveries = new Map<string, { oauthId: string; token: string; status: number }>()
  let workers = await Promise.all([start(folder), start(folder)])
  onTestFinished(async () => void (await Promise.all(workers.map(kill))))

  const any = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)]
  const record = (oauthId: string) => impostor.record({ oauthId, roomId: Number(oauthId.split('-')[1]) })
  const install = (oauthId: string, url = any(workers)?.url) => post(`${url}/installable`, record(oauthId))
  const deliver = (oauthId: string, text: string, token: string, url = any(workers)?.url) => {
    const body = delivered(oauthId, Number(oauthId.split('-')[1]), text)
    return post(`${url}/webhook/hook`, body, { authorization: `JWT ${token}` })
  }

  let over = false
  let installations = 0
  const installer = async (): Promise<void> => {
    while (!over) {
      const oauthId = `client-${++installations}`
      const status = await install(oauthId)
      if (status === 200) installed.push(oauthId)
      else unsure.push(oauthId)
      if (status === 0) await delay(10)
    }
  }
  const talker = async (): Promise<void> => {
    while (!over) {
      const oauthId = any(installed)
      if (oauthId) {
        const [text, token] = [`word ${deliveries.size}`, sign(oauthId, impostorSecret, { sub: '2' })]
        const sent = { oauthId, token, status: -1 }
        deliveries.set(text, sent)
        sent.status = await deliver(oauthId, text, token)
      }
      await delay(oauthId && any(workers) ? 1 : 10)
    }
  }
  const busy = [installer(), installer(), ...Array.from({ length: 8 }, talker)]
  const heardSoFar = (): number =>
    [...deliveries.values()].reduce((sum, { status }) => sum + (status === 204 ? 1 : 0), 0)
  for (let killed = 0; killed < kills; ) {
    // While it works, however fast the machine is.
    const [known, heard] = [installed.length, heardSoFar()]
    while (installed.length < known + 3 || heardSoFar() < heard + 20) await delay(5)
    await delay(Math.random() * 50)
    // Mostly one, while the other continues; sometimes both.
    const victims = Math.random() < 0.7 ? [Math.random() < 0.5 ? 0 : 1] : [0, 1]
    killed += victims.length
    await Promise.all(victims.map((index) => kill(workers[index] as Worker))) // there are two
    workers = (await Promise.all(
      workers.map((one, index) => (victims.includes(index) ? start(folder) : one)),
    )) as typeof workers
  }
  over = true
  await Promise.all(busy)
  const accepted = [...deliveries].filter(([, { status }]) => status === 204)
  expect(unsure.length + deliveries.size - accepted.length).toBeGreaterThan(0)

  // The same signed requests again, and one more from each installation: refused or interrupted ones may be tried again.
  const last = workers[0].url
  const all = [...installed, ...unsure]
  await each(accepted, async ([text, { oauthId, token }]) =>
    expect(await deliver(oauthId, text, token, last)).toBe(204),
  )
  await each(unsure, async (oauthId) => expect(await install(oauthId, last)).toBe(200))
  await each(all, async (oauthId) => {
    const token = sign(oauthId, impostorSecret, { sub: '2' })
    expect(await deliver(oauthId, `last of ${oauthId}`, token, last)).toBe(204)
  })
  await Promise.all(workers.map(kill))

  const store = scopeStore(openStore(folder), 'com.example.killed:')
  onTestFinished(() => store.close())
  const heard = new Map<string, unknown>()
  let greeted = 0
  for await (const [key, value] of store.entries('value:')) {
    const [, oauthId = '', text = ''] = /:(client-\d+):(.*)$/.exec(key) ?? []
    if (text === 'greeted') greeted += 1
    else heard.set(text.replace(/^heard /, ''), JSON.parse(value))
    expect(all).toContain(oauthId)
  }
  expect(greeted).toBe(all.length)
  expect(accepted.filter(([text]) => !heard.has(text))).toEqual([])
  expect(all.filter((oauthId) => heard.get(`last of ${oauthId}`) !== 1)).toEqual([])
  // Once, or again when the process was killed in between; what was answered before any kill is not repeated.
  expect([...heard].filter(([, times]) => times !== 1 && times !== 2)).toEqual([])
  const repeated = [...heard].filter(([, times]) => times === 2).length
  expect(repeated).toBeLessThanOrEqual(kills * 2 * 8) // at most what eight talkers had under way
})
