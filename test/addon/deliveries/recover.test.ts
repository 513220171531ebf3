import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { recordIdOf, recordOf } from '../../../src/addon/deliveries/journal-record.ts'
import type { Addon } from '../../../src/index.ts'
import { createAddon } from '../../../src/index.ts'
import { openStore, scopeStore } from '../../../src/store/index.ts'
import { delivered, sign, testOptions } from '../../support.ts'
import { impostorSecret, startImpostor } from '../impostor.ts'

type Line = Record<string, unknown>

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-recover-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** An add-on on a store of this folder, installed in room 1 as `client-1`. */
async function start(folder: string, register: (addon: Addon<'send_notification'>) => void, options = {}) {
  const lines: Line[] = []
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const addon = createAddon({ ...testOptions, scopes: ['send_notification'], store: folder, log, ...options })
  onTestFinished(() => addon.close())
  register(addon)
  const { url } = await addon.listen()
  const post = async (path: string, body: unknown, headers = {}) =>
    (await fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body), headers })).status
  return {
    addon,
    install: async () => post('/installable', (await startImpostor()).record()),
    deliver: (text: string, path = '/webhook/hook') =>
      post(path, delivered('client-1', 1, text), {
        authorization: `JWT ${sign('client-1', impostorSecret, {})}`,
      }),
    logged: (message: RegExp) => lines.filter(({ msg }: Line) => message.test(String(msg))),
  }
}

/** Leaves a delivery in the journal, as a process does that is killed while it handles it. */
async function leave(folder: string, id: string, { webhook = 'hook', oauthId = 'client-1', ago = 0 } = {}) {
  const store = openStore(folder)
  const { journal } = scopeStore(store, `${testOptions.key}:`)
  const delivery = {
    id,
    credentials: { installation: { oauthId } },
    webhook: { key: webhook },
    text: JSON.stringify(delivered('client-1', 1, id)),
  } as Parameters<typeof recordOf>[0]
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - ago })
  const work = recordOf(delivery)
  vi.useRealTimers()
  await journal?.accept(recordIdOf(delivery.credentials.installation, delivery), 60_000, work)
  await store.close()
}

/** The first of several; `undefined` if there are none. */
async function firstOf<T>(all: AsyncIterable<T>): Promise<T | undefined> {
  for await (const one of all) return one
  return undefined
}

const HOUR = 3_600_000

describe('a delivery that an earlier process left', () => {
  it('is handled when the add-on starts, with its attempt, and its answer is a call', async () => {
    const folder = newFolder()
    const first = await start(
      folder,
      (addon) => void addon.webhook('room_message', { key: 'hook' }, () => {}),
    )
    expect(await first.install()).toBe(200)
    await first.addon.close()
    await leave(folder, 'a')
    await leave(folder, 'b', { ago: 23 * HOUR })

    const seen: unknown[] = []
    const { addon, logged } = await start(folder, (addon) => {
      addon.webhook('room_message', { key: 'hook' }, ({ message, attempt, deliveryId, room }) => {
        seen.push([message.message, attempt, deliveryId, room.id])
      })
    })
    await addon.idle()
    expect(seen).toEqual([
      ['a', 2, 'a', 1],
      ['b', 2, 'b', 1],
    ])
    expect(logged(/^delivery$/)).toMatchObject([
      { attempt: 2, status: 204, failed: false },
      { attempt: 2, status: 204, failed: false },
    ])
    await addon.close()
    const third = await start(
      folder,
      (addon) => void addon.webhook('room_message', { key: 'hook' }, () => void seen.push(0)),
    )
    await third.addon.idle()
    expect(seen).toHaveLength(2)
  })

  it('is given up when it is more than a day old, its installation was removed, or nothing is registered for it any more', async () => {
    const folder = newFolder()
    const handled: string[] = []
    const register = (addon: Addon<'send_notification'>) => {
      addon.webhook('room_message', { key: 'hook' }, ({ message }) => void handled.push(message.message))
      addon.webhook('room_message', { key: 'match', pattern: /^match/ }, () => void handled.push('match'))
    }
    const first = await start(folder, register)
    await first.install()
    await first.addon.close()
    await leave(folder, 'old', { ago: 25 * HOUR })
    await leave(folder, 'removed', { oauthId: 'client-2' })
    await leave(folder, 'unregistered', { webhook: 'other' })
    await leave(folder, 'unmatched', { webhook: 'match' })
    await leave(folder, 'fine')
    const { addon, logged } = await start(folder, register)
    await addon.idle()
    expect(handled).toEqual(['fine'])
    expect(logged(/given up/).map(({ delivery, msg }: Line) => [delivery, msg])).toEqual([
      [
        'old',
        'a delivery is given up: it was accepted more than a day ago, and not handled before its process ended',
      ],
      ['removed', 'a delivery is given up: its installation was removed'],
      ['unregistered', 'a delivery is given up: nothing is registered under its webhook any more'],
      ['unmatched', 'a delivery is given up: its webhook does not handle it any more'],
    ])
    await addon.close()
    const again = await start(folder, register)
    expect(again.logged(/given up/)).toEqual([])
    const kept = await firstOf(again.addon.jobs())
    expect(kept).toMatchObject({ kind: 'delivery', name: 'hook', state: 'given up', attempt: 1 })
    expect(kept?.error).toBe('it was accepted more than a day ago, and not handled before its process ended')
    expect(await again.addon.runJob(kept?.id ?? '')).toBe(true)
    await again.addon.idle()
    expect(handled).toEqual(['fine', 'old'])
    expect(await firstOf(again.addon.jobs())).toBeUndefined()
  })

  it('is left to the next process by a close() that cannot wait for it', async () => {
    const folder = newFolder()
    const began: string[] = []
    const hanging = await start(
      folder,
      (addon) => {
        addon.webhook('room_message', { key: 'hook' }, async ({ message, signal }) => {
          began.push(message.message)
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        })
      },
      { acknowledgeAfter: 20, closeTimeout: 50 },
    )
    await hanging.install()
    expect(await hanging.deliver('first')).toBe(204)
    expect(await hanging.deliver('second')).toBe(204)
    await hanging.addon.close()
    expect(began).toEqual(['first'])

    const handled: unknown[] = []
    const { addon } = await start(folder, (addon) => {
      addon.webhook('room_message', { key: 'hook' }, ({ message, attempt }) => {
        handled.push([message.message, attempt])
      })
    })
    await addon.idle()
    expect(handled).toEqual([
      ['first', 2],
      ['second', 2],
    ])
  })

  it.each([
    ['of a webhook', {}, { durable: false }],
    ['of the add-on', { durable: false }, {}],
  ])('is none with the option durable: false %s', async (_, options, webhook) => {
    const folder = newFolder()
    let release = (): void => {}
    const { addon, install, deliver } = await start(
      folder,
      (addon) => {
        addon.webhook(
          'room_message',
          { key: 'hook', ...webhook },
          () =>
            new Promise<void>((resolve) => {
              release = resolve
            }),
        )
      },
      { acknowledgeAfter: 20, closeTimeout: 50, ...options },
    )
    await install()
    expect(await deliver('lost')).toBe(204)
    await addon.close()
    release()
    const store = openStore(folder)
    onTestFinished(() => store.close())
    expect(await store.journal?.recover('')).toEqual([])
  })
})

describe('a step', () => {
  it('is done once in all attempts of a delivery, also with a result of nothing, and again after an error', async () => {
    const folder = newFolder()
    const done: string[] = []
    const results: unknown[] = []
    const register = (addon: Addon<'send_notification'>) => {
      addon.webhook('room_message', { key: 'hook' }, async ({ attempt, step, store }) => {
        const value = () => {
          done.push(`value ${attempt}`)
          return { attempt }
        }
        results.push(await step('value', value))
        results.push(await step('nothing', async () => void done.push(`nothing ${attempt}`)))
        await step('failing', () => {
          done.push(`failing ${attempt}`)
          if (attempt === 1) throw new Error('not now')
        }).catch(() => {})
        for await (const [key] of store.entries()) done.push(`a stored value ${key}`)
        if (attempt === 1) await delay(60_000, undefined, { ref: false })
      })
    }
    const first = await start(folder, register, { acknowledgeAfter: 20, closeTimeout: 50 })
    await first.install()
    expect(await first.deliver('hello')).toBe(204)
    await expect.poll(() => done).toHaveLength(3)
    await first.addon.close()
    const { addon } = await start(folder, register)
    await addon.idle()
    expect(done).toEqual(['value 1', 'nothing 1', 'failing 1', 'failing 2'])
    expect(results).toEqual([{ attempt: 1 }, undefined, { attempt: 1 }, undefined])
  })

  it.each([
    ['', () => 1, 'step: expected the name to be a non-empty string'],
    ['a', 1, 'step a: expected its work to be a function, got number'],
    ['a', () => 1n, 'step a: expected its result to be JSON'],
  ])('refuses the name %j with the work %o', async (name, work, message) => {
    const refusals: unknown[] = []
    const { install, deliver, addon } = await start(newFolder(), (addon) => {
      addon.onError((error) => refusals.push((error as Error).message))
      addon.webhook('room_message', { key: 'hook' }, ({ step }) => step(name, work as () => void))
    })
    await install()
    expect(await deliver('hello')).toBe(500)
    await addon.idle()
    expect(refusals).toEqual([message])
  })
})
