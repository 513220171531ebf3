import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createAddon, InstallationRefusedError } from '../../src/index.ts'
import type { Credentials } from '../../src/installations/installation.ts'
import { createInstallations, type Installations } from '../../src/installations/installation-records.ts'
import { createMemoryStore, createSealing } from '../../src/store/index.ts'
import { impostorSecret, json, startImpostor } from '../addon/impostor.ts'
import { gate } from '../gate.ts'
import { planted } from '../leaks/planted.ts'
import { partOf, secretOf, sign, startWorld, testOptions } from '../support.ts'
import { anotherSecret, known, listed, post, remove, witness } from './support.ts'

describe('simultaneous requests', () => {
  it('let a removal win over an update in progress', async () => {
    const entered = gate()
    const { opened, open } = gate()
    const world = await startWorld((addon) => {
      addon.on('updated', async () => {
        entered.open()
        await opened
      })
    })
    const impostor = await startImpostor()
    await post(world, impostor.record())
    const signed = { authorization: `JWT ${sign('client-1', impostorSecret)}` }
    const updating = post(world, impostor.record(), '/installable/updated', signed)
    await entered.opened
    const removing = remove(world, 'client-1', sign('client-1', impostorSecret))
    open()
    expect([(await updating).status, (await removing).status]).toEqual([200, 204])
    expect(await known(world)).toEqual([])
  })

  it('let a removal in another process win over an update that fails', async () => {
    const { installations, ...rest } = await behind(async (installations, credentials) => {
      await installations.remove(credentials.installation)
      throw new Error('x')
    })
    expect((await rest.update()).status).toBe(500)
    expect(await installations.get('client-1')).toBeUndefined()
  })

  it('let a removal in another process win over an update that succeeds', async () => {
    const { installations, ...rest } = await behind(async (installations, credentials) => {
      await installations.remove(credentials.installation)
    }, '/v2/oauth/token')
    expect((await rest.update()).status).toBe(404)
    expect(await installations.get('client-1')).toBeUndefined()
  })

  it('give a repeated installation the same answer as the first one, if the hook finally fails', async () => {
    const world = await startWorld((addon) => {
      addon.on('installed', async () => {
        await delay(20)
        throw new InstallationRefusedError(400, 'No.')
      })
    })
    const impostor = await startImpostor()
    const answers = await Promise.all(Array.from({ length: 4 }, () => post(world, impostor.record())))
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400])
    expect(await known(world)).toEqual([])
  })

  it('with two secrets for one id keep the first that is proved, and no token of the other', async () => {
    const { world } = await witness()
    const token = (name: string) => ({
      '/v2/oauth/token': (_: unknown, response: ServerResponse) =>
        json(response, { access_token: name, expires_in: 3600, scope: 'send_notification' }),
    })
    const first = await startImpostor(token('first'))
    const second = await startImpostor(token('second'))
    const answers = await Promise.all([
      post(world, first.record()),
      post(world, second.record({ oauthSecret: anotherSecret })),
    ])
    // Two simultaneous requests may arrive in any order.
    const [winner, secret] = answers[0]?.ok ? ['first', impostorSecret] : ['second', anotherSecret]
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(await secretOf(world.store, 'client-1')).toBe(secret)
    expect(await world.store.get('token:client-1')).toContain(`"${winner}"`)
  })

  it('in two processes leave no token of the slower one', async () => {
    const store = createMemoryStore()
    const { world } = await witness({ store })
    const token = (name: string, before: () => Promise<unknown> = async () => {}) => ({
      '/v2/oauth/token': async (_: unknown, response: ServerResponse) => {
        await before()
        json(response, { access_token: name, expires_in: 3600, scope: 'send_notification' })
      },
    })
    const other = createAddon({ ...testOptions, store })
    const { url } = await other.listen()
    onTestFinished(() => other.close())
    const first = await startImpostor(token('first'))
    const second = await startImpostor(token('second', () => post(world, first.record())))
    const late = await fetch(`${url}/installable`, {
      method: 'POST',
      body: JSON.stringify(second.record({ oauthSecret: anotherSecret })),
    })
    expect(late.status).toBe(409)
    expect(await secretOf(partOf(store), 'client-1')).toBe(impostorSecret)
    expect((await partOf(store).get('token:client-1')) ?? 'none').not.toContain('second')
  })
})

describe('a process that ends during an installation', () => {
  it('leaves the previous installation in place, so that the next try runs the hooks and hands over its values', async () => {
    const store = createMemoryStore()
    const impostor = await startImpostor()
    const before = await witness({ store })
    await post(before.world, impostor.record())
    const old = await before.world.addon.installation('client-1')
    if (old) await before.world.addon.store(old).set('kept', 'settings')

    // The state of the store when the process ends during the hook.
    let killed: [string, string][] = []
    const dying = await startWorld(
      (addon) => {
        addon.on('installed', async () => {
          killed = await listed(store.entries(''))
          throw new Error('killed')
        })
      },
      { addon: { store } },
    )
    const next = impostor.record({ oauthId: 'client-2', oauthSecret: planted('secret-of-client-2') })
    await post(dying, next)
    for (const [key, value] of killed) await store.set(key, value)

    const after = await witness({ store })
    // An installation that was never acknowledged is not visible to the add-on.
    expect(await known(after.world)).toEqual(['client-1'])
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 })
    onTestFinished(() => void vi.useRealTimers())
    expect((await post(after.world, next)).status).toBe(200)
    expect(after.trail).toEqual(['replaced', 'installed 1'])
    expect((await known(after.world)).sort()).toEqual(['client-1', 'client-2'])
    const renewed = await after.world.addon.installation('client-2')
    expect(renewed && (await after.world.addon.store(renewed).get('kept'))).toBe('settings')
    expect((await post(after.world, next)).status).toBe(200)
    expect(after.trail).toEqual(['replaced', 'installed 1'])
  })
})

describe('an installation in progress in another process', () => {
  /** An add-on in addition to `witness`, whose hook waits, and the request in progress. */
  async function during(how: 'ends' | 'fails') {
    const store = createMemoryStore()
    const impostor = await startImpostor()
    const entered = gate()
    const { opened, open } = gate()
    const slow = await startWorld(
      (addon) => {
        addon.on('installed', async () => {
          entered.open()
          await opened
          if (how === 'fails') throw new Error('not today')
        })
      },
      { addon: { store } },
    )
    const other = await witness({ store })
    const first = post(slow, impostor.record())
    await entered.opened
    return { other, first, open, again: () => post(other.world, impostor.record()) }
  }

  it('is not reported as installed before it is', async () => {
    const { other, first, open, again } = await during('ends')
    let answered = false
    const second = again().finally(() => {
      answered = true
    })
    await delay(200)
    expect(answered).toBe(false)
    open()
    expect([(await first).status, (await second).status]).toEqual([200, 200])
    expect(other.trail).toEqual([])
  })

  it('is started again when it fails there', async () => {
    const { other, first, open, again } = await during('fails')
    const second = again()
    await delay(100)
    open()
    expect([(await first).ok, (await second).status]).toEqual([false, 200])
    expect(other.trail).toEqual(['installed 1'])
    expect(await known(other.world)).toEqual(['client-1'])
  })

  it('is started again when that process has ended, once this is certain', async () => {
    const { other, again } = await during('ends')
    expect((await again()).status).toBe(200)
    expect(other.trail).toEqual(['installed 1'])
    expect(await known(other.world)).toEqual(['client-1'])
  })
})

/** An installed add-on, an action of another process at its next hook or call, and the record. */
async function behind(
  happens: (installations: Installations, credentials: Credentials) => Promise<void>,
  at: 'hook' | '/v2/oauth/token' = 'hook',
) {
  const store = createMemoryStore()
  const installations = createInstallations(partOf(store), createSealing())
  const happen = async (): Promise<void> => {
    const credentials = await installations.get('client-1')
    if (credentials) await happens(installations, credentials)
  }
  const world = await startWorld(
    (addon) => {
      if (at === 'hook') addon.on('updated', happen)
    },
    { addon: { store } },
  )
  let asked = 0
  const impostor = await startImpostor(
    at === 'hook'
      ? {}
      : {
          [at]: async (_, response) => {
            asked += 1
            if (asked > 1) await happen()
            json(response, { access_token: 'x', expires_in: 3600, scope: 'send_notification' })
          },
        },
  )
  expect((await post(world, impostor.record())).status).toBe(200)
  const headers = { authorization: `JWT ${sign('client-1', impostorSecret)}` }
  return { installations, update: () => post(world, impostor.record(), '/installable/updated', headers) }
}
