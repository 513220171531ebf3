import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  type AddonOptions,
  createAddon,
  InstallationRefusedError,
  NetworkError,
  type Store,
  StoreError,
} from '../../src/index.ts'
import { runHooks } from '../../src/installations/hooks.ts'
import {
  type Credentials,
  createInstallations,
  type Installations,
} from '../../src/installations/installation.ts'
import { createMemoryStore, createSealing } from '../../src/store/index.ts'
import { document, impostorSecret, json, startImpostor } from '../addon/impostor.ts'
import { planted } from '../leaks/planted.ts'
import { partOf, secretOf, sign, startWorld, testOptions, type World } from '../support.ts'

const another = planted('another')

const post = (world: World, body: unknown, path = '/installable', headers: Record<string, string> = {}) =>
  fetch(`${world.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

const remove = (world: World, oauthId: string, token?: string) =>
  fetch(`${world.url}/installable/${oauthId}`, {
    method: 'DELETE',
    headers: token === undefined ? {} : { authorization: `JWT ${token}` },
  })

const said = async (answer: Response): Promise<[number, string]> => [answer.status, await answer.text()]

const known = async ({ addon }: World): Promise<string[]> => {
  const ids: string[] = []
  for await (const { oauthId } of addon.installations()) ids.push(oauthId)
  return ids
}

/** An add-on that records which hooks ran. */
async function witness(addon: Partial<AddonOptions> = {}) {
  const trail: string[] = []
  const world = await startWorld(
    (it) => {
      it.on('installed', ({ room }) => void trail.push(`installed ${room?.id ?? 'everywhere'}`))
      it.on('updated', ({ installation }) => void trail.push(`updated ${installation.scopes.length}`))
      it.on('uninstalled', () => void trail.push('uninstalled'))
      it.on('replaced', async ({ old, store }) => {
        trail.push('replaced')
        await store.set('kept', await old.store.get('kept'))
      })
    },
    { addon },
  )
  return { world, trail }
}

describe('an installation by the server', () => {
  it('is stored with the granted scopes, and its credentials work inside the hook', async () => {
    const world = await startWorld((addon) => {
      addon.on('installed', async ({ room, store, installation }) => {
        await room?.notify(`Hello room ${room.id}`)
        await store.set('since', installation.installedAt)
      })
    })
    const { installation } = await world.install()
    expect(world.messages()).toEqual(['Hello room 1'])
    expect(installation).toMatchObject({
      groupId: 1,
      groupName: 'Example',
      roomId: 1,
      apiUrl: `${world.server.apiUrl}/`,
    })
    expect(await world.addon.store(installation).get('since')).toBe(installation.installedAt.toISOString())
  })

  it('can be global, and then has no room', async () => {
    const { world, trail } = await witness()
    const { installation } = await world.install('everywhere')
    expect([installation.roomId, ...trail]).toEqual([undefined, 'installed everywhere'])
    expect(() => world.addon.room(installation)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        message: expect.stringContaining('a room id is required'),
      }),
    )
    await world.addon.room(installation, 2).notify('Hello')
    expect(world.messages('Workshop')).toEqual(['Hello'])
  })

  it('is answered with 200, also when it is repeated, without running the hook again', async () => {
    const { world, trail } = await witness()
    const impostor = await startImpostor()
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(world, impostor.record())))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(trail).toEqual(['installed 1'])
    expect(impostor.asked).toEqual(['GET /v2/capabilities', 'POST /v2/oauth/token'])
  })

  it('accepts ids as strings, and a record without groupId', async () => {
    const { world } = await witness()
    const impostor = await startImpostor()
    expect((await post(world, impostor.record({ groupId: undefined, roomId: '1' }))).status).toBe(200)
    expect(await world.addon.installation('client-1')).toMatchObject({ roomId: 1, groupId: undefined })
  })

  it('whose hook fails is refused with a clear message, and nothing is stored', async () => {
    const world = await startWorld((addon) => {
      addon.on('installed', () => {
        throw new InstallationRefusedError(400, 'This room already has a bot.')
      })
    })
    await expect(world.install()).rejects.toMatchObject({
      code: 'ERR_API',
      status: 400,
      reason: expect.stringContaining('This room already has a bot.'),
    })
    expect(await known(world)).toEqual([])
  })

  it('whose hook fails with an unknown error does not quote it', async () => {
    const world = await startWorld((addon) => {
      addon.on('installed', () => {
        throw new Error('password of the database is hunter2')
      })
    })
    const impostor = await startImpostor()
    expect(await said(await post(world, impostor.record()))).toEqual([
      500,
      'The add-on’s installed hook failed: its log says why.',
    ])
    expect(await known(world)).toEqual([])
  })

  it('whose hook refuses with a status that is not an error is still refused', async () => {
    const world = await startWorld((addon) => {
      addon.on('installed', () => {
        throw new InstallationRefusedError(200, 'No.')
      })
    })
    const impostor = await startImpostor()
    expect((await post(world, impostor.record())).status).toBe(500)
  })

  it('whose hook cannot reach the server does not mention addresses, and the log has the details', async () => {
    const lines: string[] = []
    const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) })
    const world = await startWorld(
      (addon) => {
        addon.on('installed', () => {
          throw new NetworkError('db.internal resolves to 10.1.2.3')
        })
      },
      { addon: { log } },
    )
    const impostor = await startImpostor()
    expect(await said(await post(world, impostor.record()))).toEqual([
      500,
      'The add-on’s installed hook failed: its log says why.',
    ])
    expect(lines.join('')).toMatch(/10\.1\.2\.3.*install\.test\.ts/)
  })

  it.each([
    [{ allowRoom: false }, { roomId: 1 }, 'This add-on can only be installed for the whole group.'],
    [{ allowGlobal: false }, { roomId: undefined }, 'This add-on can only be installed in single rooms.'],
  ])('with the options %j is refused for the record %j', async (options, record, text) => {
    const { world } = await witness(options)
    const impostor = await startImpostor()
    expect(await said(await post(world, impostor.record(record)))).toEqual([400, text])
    expect(impostor.asked).toEqual([])
  })
})

describe('an unsigned update', () => {
  const elsewhere = (impostor: { url: string }, stolen: string[]) => ({
    '/uploads/capabilities.json': (_: unknown, response: ServerResponse) =>
      json(
        response,
        document(impostor.url, {
          self: `${impostor.url}/uploads/capabilities.json`,
          tokenUrl: `${impostor.url}/uploads/token`,
          apiUrl: `${impostor.url}/uploads/`,
        }),
      ),
    '/uploads/token': (request: IncomingMessage, response: ServerResponse) => {
      stolen.push(String(request.headers.authorization))
      json(response, { access_token: 'mine', expires_in: 3600, scope: 'send_notification' })
    },
  })

  it('cannot name another document, which could redirect the secret', async () => {
    const { world } = await witness()
    const stolen: string[] = []
    const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {}
    const impostor = await startImpostor(routes)
    Object.assign(routes, elsewhere(impostor, stolen))
    await post(world, impostor.record())
    const moved = { capabilitiesUrl: `${impostor.url}/uploads/capabilities.json` }
    const record = impostor.record({ oauthSecret: undefined, ...moved })
    expect(await said(await post(world, record, '/installable/updated'))).toEqual([
      409,
      'Only a signed update can move an installation to another capabilitiesUrl.',
    ])
    expect(stolen).toEqual([])
    expect(await world.addon.installation('client-1')).toMatchObject({ apiUrl: `${impostor.url}/v2/` })

    // The server itself may move the installation.
    const signed = { authorization: `JWT ${sign('client-1', impostorSecret)}` }
    expect((await post(world, record, '/installable/updated', signed)).status).toBe(200)
    expect(await world.addon.installation('client-1')).toMatchObject({ apiUrl: `${impostor.url}/uploads/` })
  })
})

describe('unsigned requests', () => {
  /** A server that counts its requests, and answers when and as the test decides. */
  async function counting(addon: Partial<AddonOptions> = {}) {
    const { world, trail } = await witness(addon)
    const state = { exchanges: 0, wait: 0, status: 200 }
    const impostor = await startImpostor({
      '/v2/oauth/token': async (_, response) => {
        state.exchanges += 1
        await delay(state.wait)
        if (state.status === 200)
          json(response, { access_token: planted('token'), expires_in: 3600, scope: 'send_notification' })
        else json(response, {}, state.status)
      },
    })
    await post(world, impostor.record())
    state.exchanges = 0
    const unsigned = impostor.record({ oauthSecret: undefined })
    return { world, trail, state, impostor, update: () => post(world, unsigned, '/installable/updated') }
  }

  it('do not use up the access tokens of an installation: 600 removals', async () => {
    const { world, state } = await counting()
    for (let round = 0; round < 30; round += 1) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => remove(world, 'client-1')))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]))
    }
    expect(state.exchanges).toBeLessThan(12)
    expect(await known(world)).toEqual(['client-1'])
  })

  it('do not use up the access tokens of an installation: 200 updates', async () => {
    const { state, impostor, update } = await counting()
    impostor.asked.length = 0
    for (let round = 0; round < 10; round += 1) await Promise.all(Array.from({ length: 20 }, update))
    expect(state.exchanges).toBeLessThan(12)
    expect(impostor.asked.length).toBeLessThan(24)
  })

  it.each(['DELETE', 'POST'] as const)(
    'keep no signed removal waiting, though they hang up: %s',
    async (method) => {
      const { world, state, impostor } = await counting()
      state.wait = 3_000
      const path = method === 'DELETE' ? '/installable/client-1' : '/installable/updated'
      const body =
        method === 'DELETE' ? {} : { body: JSON.stringify(impostor.record({ oauthSecret: undefined })) }
      const hangUp = new AbortController()
      for (let count = 0; count < 20; count += 1)
        fetch(`${world.url}${path}`, { method, signal: hangUp.signal, ...body }).catch(() => {})
      await expect.poll(() => state.exchanges).toBeGreaterThan(0)
      hangUp.abort()
      const begun = performance.now()
      expect((await remove(world, 'client-1', sign('client-1', impostorSecret))).status).toBe(204)
      expect(performance.now() - begun).toBeLessThan(2_000)
      expect(await known(world)).toEqual([])
    },
  )

  it.each([
    [
      429,
      503,
      'The add-on could not check whether the installation still exists: its server reports too many requests for access tokens (429).',
    ],
    [500, 503, 'The add-on could not check whether the installation still exists.'],
    [503, 503, 'The add-on could not check whether the installation still exists.'],
  ])('remove nothing when the token endpoint answers %i', async (status, answer, text) => {
    const { world, state } = await counting()
    state.status = status
    expect(await said(await remove(world, 'client-1'))).toEqual([answer, text])
    expect((await world.addon.installation('client-1'))?.rejectedSince).toBeUndefined()
  })

  it.each([
    [
      429,
      503,
      'The server’s token endpoint reports too many requests for access tokens (429). Try again later.',
    ],
    [500, 502, 'The server’s token endpoint gave no access token; it answered 500.'],
    [404, 502, 'The server’s token endpoint gave no access token; it answered 404.'],
    [401, 403, 'The credentials were not accepted by the server’s token endpoint.'],
  ])('are answered with the reason when the token endpoint answers %i', async (status, answer, text) => {
    const { world, state, impostor, update } = await counting()
    state.status = status
    const other = impostor.record({ oauthId: 'client-2', roomId: 2 })
    expect(await said(await post(world, other))).toEqual([answer, text])
    expect(await said(await update())).toEqual([answer, text])
  })

  it('do not silence the warning about an old descriptor, and announce a new one once', async () => {
    const store = createMemoryStore()
    const impostor = await startImpostor()
    const before = await witness({ store })
    await post(before.world, impostor.record())
    const noted = (await before.world.addon.installation('client-1'))?.descriptorEtag
    const { world, trail } = await witness({ store, description: 'Another one' })
    const update = (headers = {}) =>
      post(world, impostor.record({ oauthSecret: undefined }), '/installable/updated', headers)
    await update()
    await update()
    expect((await world.addon.installation('client-1'))?.descriptorEtag).toBe(noted)
    expect(trail).toEqual(['updated 1'])
    await update({ authorization: `JWT ${sign('client-1', impostorSecret)}` })
    expect((await world.addon.installation('client-1'))?.descriptorEtag).not.toBe(noted)
  })
})

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
      post(world, second.record({ oauthSecret: another })),
    ])
    // Two simultaneous requests may arrive in any order.
    const [winner, secret] = answers[0]?.ok ? ['first', impostorSecret] : ['second', another]
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
      body: JSON.stringify(second.record({ oauthSecret: another })),
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

describe('close() during an installation', () => {
  it('waits for it, and accepts no other', async () => {
    const entered = gate()
    const { opened, open } = gate()
    const store = createMemoryStore()
    const world = await startWorld(
      (addon) => {
        addon.on('installed', async ({ store }) => {
          entered.open()
          await opened
          await delay(1_200) // longer than idle connections are given
          await store.set('greeted', true)
        })
      },
      { addon: { store: { ...store, close: async () => {} } } },
    )
    const impostor = await startImpostor()
    const installing = post(world, impostor.record())
    await entered.opened
    const closed = world.addon.close()
    open()
    expect((await installing).status).toBe(200)
    await closed
    expect(await partOf(store).get('installation:client-1')).toBeDefined()
  })

  it('refuses new ones, also under another HTTP server', async () => {
    const addon = createAddon({ ...testOptions, store: 'memory:', baseUrl: 'http://localhost:1' })
    const server = createServer(addon.callback())
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo // it listens on a port
    await addon.close()
    const impostor = await startImpostor()
    const answer = await fetch(`http://localhost:${port}/installable`, {
      method: 'POST',
      body: JSON.stringify(impostor.record()),
    })
    expect(await said(answer)).toEqual([503, 'The add-on is closing.'])
    expect(impostor.asked).toEqual([])
  })
})

describe('a store that fails', () => {
  it('at any step of an installation leads to 503, and the next try succeeds', async () => {
    const memory = createMemoryStore()
    let failAt = 0
    let step = 0
    const may = (): void => {
      step += 1
      if (step === failAt) throw new StoreError('the disk is full')
    }
    const store: Store = { ...memory }
    for (const verb of ['get', 'set', 'delete', 'claim', 'update'] as const)
      Object.assign(store, {
        [verb]: (...all: never[]) => {
          may()
          return (memory[verb] as (...all: never[]) => unknown)(...all)
        },
      })
    const { world } = await witness({ store })
    const impostor = await startImpostor()
    const statuses: number[] = []
    for (failAt = 1; failAt < 30; failAt += 1) {
      step = 0
      const answer = await post(world, impostor.record({ oauthId: `client-${failAt}`, roomId: failAt }))
      if (step < failAt) break
      statuses.push(answer.status)
      expect(await answer.text()).not.toContain('disk')
      if (answer.status !== 200) expect(await known(world)).not.toContain(`client-${failAt}`)
    }
    expect(statuses.length).toBeGreaterThan(3)
    expect(new Set(statuses)).toEqual(new Set([503]))
    failAt = 0
    expect((await post(world, impostor.record({ roomId: 1 }))).status).toBe(200)
  })
})

describe('an update', () => {
  it('keeps the credentials, stores the new scopes, and runs its hook', async () => {
    const { world, trail } = await witness()
    const first = await world.install()
    const second = await world.install()
    expect(second.installation.oauthId).toBe(first.installation.oauthId)
    expect(second.secret).toBe(first.secret)
    expect(trail).toEqual(['installed 1', 'updated 5'])
  })

  it('with the known secret is accepted, and with another one refused', async () => {
    const { world } = await witness()
    const impostor = await startImpostor()
    await post(world, impostor.record())
    expect((await post(world, impostor.record(), '/installable/updated')).status).toBe(200)
    expect((await post(world, impostor.record({ oauthSecret: 'mine' }), '/installable/updated')).status).toBe(
      409,
    )
    expect(await secretOf(world.store, 'client-1')).toBe(impostorSecret)
  })

  it('without changes and without a signature does not run the hook', async () => {
    const { world, trail } = await witness()
    const impostor = await startImpostor()
    await post(world, impostor.record())
    expect(
      (await post(world, impostor.record({ oauthSecret: undefined }), '/installable/updated')).status,
    ).toBe(200)
    const signed = { authorization: `JWT ${sign('client-1', impostorSecret)}` }
    expect(
      (await post(world, impostor.record({ oauthSecret: undefined }), '/installable/updated', signed)).status,
    ).toBe(200)
    expect(trail).toEqual(['installed 1', 'updated 1'])
  })

  it('whose hook fails leaves the installation as it was', async () => {
    const world = await startWorld((addon) => {
      addon.on('updated', () => {
        throw new InstallationRefusedError(503, 'Not now.')
      })
    })
    const { installation } = await world.install()
    const token = await world.store.get(`token:${installation.oauthId}`)
    expect(token).toBeDefined()
    await expect(world.install()).rejects.toMatchObject({ reason: expect.stringContaining('Not now.') })
    expect(await world.addon.installation(installation.oauthId)).toEqual(installation)
    // With its own token: another one may have other scopes.
    expect(await world.store.get(`token:${installation.oauthId}`)).toBe(token)
  })

  it.each([
    [
      'an unknown installation',
      { oauthId: 'client-2' },
      404,
      'This installation is not known to the add-on.',
    ],
    [
      'another room',
      { roomId: 2 },
      409,
      'This oauthId is already installed with other credentials; they were not replaced.',
    ],
    ['no id', { oauthId: undefined }, 400, 'The installation record is not complete: oauthId is missing.'],
  ])('of %s is refused', async (_, over, status, text) => {
    const { world } = await witness()
    const impostor = await startImpostor()
    await post(world, impostor.record())
    const record = impostor.record({ oauthSecret: undefined, ...over })
    expect(await said(await post(world, record, '/installable/updated'))).toEqual([status, text])
  })

  it('with two different tokens is refused, and with an empty parameter and a valid header accepted', async () => {
    const { world, trail } = await witness()
    const impostor = await startImpostor()
    await post(world, impostor.record())
    const token = () => sign('client-1', impostorSecret)
    const update = (query: string) =>
      post(
        world,
        impostor.record({ oauthSecret: undefined }),
        `/installable/updated?signed_request=${query}`,
        {
          authorization: `JWT ${token()}`,
        },
      )
    expect((await update(token())).status).toBe(401)
    expect(trail).toEqual(['installed 1'])
    expect((await update('')).status).toBe(200)
    expect(trail).toEqual(['installed 1', 'updated 1'])
  })

  it('with a forged signature is refused', async () => {
    const { world, trail } = await witness()
    const impostor = await startImpostor()
    await post(world, impostor.record())
    const forged = { authorization: `JWT ${sign('client-1', 'guessed')}` }
    expect(
      (await post(world, impostor.record({ oauthSecret: undefined }), '/installable/updated', forged)).status,
    ).toBe(401)
    expect(trail).toEqual(['installed 1'])
  })
})

describe('a replacement', () => {
  it('keeps the old installation until its own removal, and hands over its values', async () => {
    const { world, trail } = await witness()
    const impostor = await startImpostor()
    await post(world, impostor.record())
    const old = await world.addon.installation('client-1')
    if (old) await world.addon.store(old).set('kept', 'settings')
    await post(world, impostor.record({ oauthId: 'client-2', oauthSecret: planted('secret-of-client-2') }))
    expect(trail).toEqual(['installed 1', 'replaced', 'installed 1'])
    expect((await known(world)).sort()).toEqual(['client-1', 'client-2'])
    const renewed = await world.addon.installation('client-2')
    expect(renewed && (await world.addon.store(renewed).get('kept'))).toBe('settings')

    expect((await remove(world, 'client-1', sign('client-1', impostorSecret))).status).toBe(204)
    expect(await known(world)).toEqual(['client-2'])
    expect(renewed && (await world.addon.store(renewed).get('kept'))).toBe('settings')
  })

  it('does not happen for another room', async () => {
    const { world, trail } = await witness()
    await world.install('Lobby')
    await world.install('Workshop')
    expect(trail).toEqual(['installed 1', 'installed 2'])
  })
})

describe('a removal', () => {
  it('by the server removes the installation and its values, and runs the hook', async () => {
    const { world, trail } = await witness()
    const { installation } = await world.install()
    await world.addon.store(installation).set('a', 1)
    await world.admin.uninstallAddon({
      addon_key_or_id: 'com.example.test',
      installable_id: installation.oauthId,
    })
    await world.server.idle()
    expect(trail).toEqual(['installed 1', 'uninstalled'])
    expect(await known(world)).toEqual([])
    expect(await world.addon.store(installation).get('a')).toBeUndefined()
    await expect(world.addon.room(installation).notify('still there?')).rejects.toMatchObject({
      code: 'ERR_ACCESS_TOKEN',
      message: expect.stringContaining('is no longer known here'),
    })
  })

  it('succeeds if it is repeated, or for an unknown installation', async () => {
    const { world, trail } = await witness()
    expect((await remove(world, 'never-seen')).status).toBe(204)
    expect(trail).toEqual([])
  })

  it('without a signature is refused while the server accepts the credentials', async () => {
    const { world, trail } = await witness()
    const { installation } = await world.install()
    expect(await said(await remove(world, installation.oauthId))).toEqual([
      403,
      'This installation is alive: its server still accepts its credentials.',
    ])
    expect(trail).toEqual(['installed 1'])
  })

  it('without a signature is accepted once the server rejects the credentials', async () => {
    const { world, trail } = await witness()
    let alive = true
    const impostor = await startImpostor({
      '/v2/oauth/token': (_, response) =>
        alive ? json(response, { access_token: 't', expires_in: 60, scope: '' }) : json(response, {}, 401),
    })
    await post(world, impostor.record())
    alive = false
    expect((await remove(world, 'client-1')).status).toBe(204)
    expect(trail).toEqual(['installed 1', 'uninstalled'])
  })

  it('is refused with 503 when the server does not answer', async () => {
    const { world } = await witness()
    let broken = false
    const impostor = await startImpostor({
      '/v2/oauth/token': (_, response) =>
        broken ? response.destroy() : json(response, { access_token: 't', expires_in: 60, scope: '' }),
    })
    await post(world, impostor.record())
    broken = true
    expect(await said(await remove(world, 'client-1'))).toEqual([
      503,
      'The add-on could not check whether the installation still exists.',
    ])
    expect(await known(world)).toEqual(['client-1'])
  })

  it.each([
    [
      'another installation',
      (world: World) =>
        world.install('Workshop').then(({ installation, secret }) => sign(installation.oauthId, secret)),
      403,
    ],
    // Every member of the room can get such a token from a page of the add-on.
    [
      'a member of the room',
      (_: World, oauthId: string, secret: string) => sign(oauthId, secret, { sub: '2' }),
      403,
    ],
    ['an unknown issuer', (_: World, oauthId: string) => sign(oauthId, 'guessed'), 401],
  ])('signed by %s is refused', async (_, token, status) => {
    const { world } = await witness()
    const { installation, secret } = await world.install()
    const { oauthId } = installation
    expect((await remove(world, oauthId, await token(world, oauthId, secret))).status).toBe(status)
    expect(await known(world)).toContain(oauthId)
  })

  it('whose hook fails still removes the installation', async () => {
    const world = await startWorld((addon) => {
      addon.on('uninstalled', () => {
        throw new Error('too bad')
      })
    })
    const { installation, secret } = await world.install()
    expect((await remove(world, installation.oauthId, sign(installation.oauthId, secret))).status).toBe(204)
    expect(await known(world)).toEqual([])
  })
})

describe('a hook', () => {
  it('does not start after the end of the time, and is not awaited', async () => {
    const ran: string[] = []
    const forever = () => new Promise(() => {})
    const over = AbortSignal.abort(new Error('over'))
    const message = 'The installation took longer than 4 s, while running the installed hook.'
    await expect(runHooks('installed', [forever], {}, over)).rejects.toMatchObject({ status: 504, message })
    await expect(runHooks('installed', [() => ran.push('it')], {}, over)).rejects.toMatchObject({
      status: 504,
    })
    const ending = new AbortController()
    const first = () => ending.abort()
    await expect(
      runHooks('installed', [first, () => ran.push('second')], {}, ending.signal),
    ).rejects.toMatchObject({ status: 504 })
    expect(ran).toEqual([])
  })
})

describe('an installation whose credentials are rejected', () => {
  it('is marked and kept, and unmarked once they are accepted again', async () => {
    const { world } = await witness()
    let alive = true
    const impostor = await startImpostor({
      '/v2/oauth/token': (_, response) =>
        alive
          ? json(response, { access_token: 't', expires_in: 60, scope: 'send_notification' })
          : json(response, {}, 401),
      '/v2/room/1/notification': (_, response) => response.writeHead(alive ? 204 : 401).end(),
    })
    await post(world, impostor.record())
    const say = async () => {
      const installation = await world.addon.installation('client-1')
      if (!installation) throw new Error('it is not kept')
      return world.addon.room(installation).notify('hello')
    }
    alive = false
    await expect(say()).rejects.toMatchObject({ code: 'ERR_ACCESS_TOKEN', status: 401 })
    const marked = (await world.addon.installation('client-1'))?.rejectedSince
    expect(marked).toBeInstanceOf(Date)
    await expect(say()).rejects.toMatchObject({ code: 'ERR_ACCESS_TOKEN' })
    expect((await world.addon.installation('client-1'))?.rejectedSince).toEqual(marked)
    alive = true
    await say()
    expect((await world.addon.installation('client-1'))?.rejectedSince).toBeUndefined()
  })
})

describe('an installation by anyone', () => {
  it.each([
    ['no JSON', 'hello', 'Refused: the body is not valid JSON.'],
    ['nothing', '{}', 'The installation record is not complete: oauthId is missing.'],
    [
      'a secret that is a number',
      { oauthId: 'a', oauthSecret: 1, capabilitiesUrl: 'https://x.example/' },
      'The installation record is not complete: oauthSecret must be string, not number.',
    ],
    [
      'an id as long as a page',
      { oauthId: 'a'.repeat(300), oauthSecret: 'b', capabilitiesUrl: 'https://x.example/' },
      'The installation record is not complete: oauthId must NOT have more than 255 characters, got 300.',
    ],
  ])('with %s is refused with an error that names it', async (_, body, text) => {
    const { world } = await witness()
    expect(await said(await post(world, body))).toEqual([400, text])
  })

  it('can have null for optional members of the record', async () => {
    const { world } = await witness({ baseUrl: 'https://addon.example.com', allowedHosts: ['a.example'] })
    const absent = { groupId: null, roomId: null, relayState: null }
    const record = { oauthId: 'a', oauthSecret: 'b', capabilitiesUrl: 'https://b.example/', ...absent }
    expect(await said(await post(world, record))).toEqual([
      403,
      'The add-on does not accept installations from this server (capabilitiesUrl).',
    ])
  })

  it.each([
    ['an unknown host', 'https://evil.example/v2/capabilities'],
    ['a host that only begins like ours', 'https://chat.example.net.evil.example/'],
    ['plain http', 'http://chat.example.net/v2/capabilities'],
    ['a user name in the address', 'https://chat.example.net@evil.example/'],
    ['credentials in the address', 'https://user:pass@chat.example.net/'],
    ['another scheme', 'file:///etc/passwd'],
    ['no address', 'hello'],
    ['loopback', 'http://127.0.0.1/v2/capabilities'],
    ['loopback by name', 'https://localhost/v2/capabilities'],
    ['loopback in decimal', 'https://2130706433/'],
    ['loopback in octal', 'https://0177.0.0.1/'],
    ['loopback in IPv6', 'https://[::1]/'],
    ['loopback mapped into IPv6', 'https://[::ffff:127.0.0.1]/'],
    ['the address of a cloud’s metadata', 'https://169.254.169.254/latest/meta-data/'],
  ])('from %s is refused before anything is sent', async (_, capabilitiesUrl) => {
    const { world, trail } = await witness({
      baseUrl: 'https://addon.example.com',
      allowedHosts: ['chat.example.net'],
    })
    const record = { oauthId: 'a', oauthSecret: 'b', capabilitiesUrl }
    expect(await said(await post(world, record))).toEqual([
      403,
      'The add-on does not accept installations from this server (capabilitiesUrl).',
    ])
    expect(trail).toEqual([])
  })

  it('from an allowed name that resolves to a private address is refused, without naming the address', async () => {
    const { world } = await witness({
      baseUrl: 'https://addon.example.com',
      allowedHosts: ['*.localhost', 'localhost'],
    })
    const record = { oauthId: 'a', oauthSecret: 'b', capabilitiesUrl: 'https://localhost:1/v2/capabilities' }
    expect(await said(await post(world, record))).toEqual([
      400,
      'The document at capabilitiesUrl could not be fetched.',
    ])
  })

  it.each([
    [
      'belongs somewhere else',
      { self: 'https://api.hipchat.com/v2/capabilities' },
      400,
      'The capabilities document belongs to another address: links.self is not capabilitiesUrl.',
    ],
    [
      'names a token address elsewhere',
      { tokenUrl: 'https://evil.example/token' },
      403,
      'The add-on does not accept installations from this server (oauth2Provider.tokenUrl).',
    ],
    [
      'names an API elsewhere',
      { apiUrl: 'http://169.254.169.254/' },
      403,
      'The add-on does not accept installations from this server (hipchatApiProvider.url).',
    ],
  ])('whose capabilities document %s is refused', async (_, over, status, text) => {
    const { world } = await witness()
    let url = ''
    const impostor = await startImpostor({
      '/v2/capabilities': (_, response) => json(response, document(url, over)),
    })
    url = impostor.url
    expect(await said(await post(world, impostor.record()))).toEqual([status, text])
    expect(await known(world)).toEqual([])
  })

  it.each([
    [
      'is no JSON',
      (response: ServerResponse) => response.end('<html>'),
      'The document at capabilitiesUrl is not a capabilities document: value must be object, not undefined.',
    ],
    [
      'lacks the token address',
      (response: ServerResponse) =>
        json(response, {
          name: 'x',
          links: { self: 'x' },
          capabilities: { hipchatApiProvider: { url: 'x' } },
        }),
      'The document at capabilitiesUrl is not a capabilities document: capabilities.oauth2Provider is missing.',
    ],
    [
      'is not there',
      (response: ServerResponse) => response.writeHead(404).end(),
      'The document at capabilitiesUrl could not be fetched: expected 200, got 404.',
    ],
    [
      'redirects',
      (response: ServerResponse) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      'The document at capabilitiesUrl could not be fetched: expected 200, got 302.',
    ],
    [
      'never ends',
      (response: ServerResponse) => endless(response),
      'The document at capabilitiesUrl could not be fetched.',
    ],
    [
      'breaks off',
      (response: ServerResponse) => response.destroy(),
      'The document at capabilitiesUrl could not be fetched.',
    ],
  ])('whose capabilities document %s is refused', async (_, answer, text) => {
    const { world } = await witness()
    const impostor = await startImpostor({ '/v2/capabilities': (_, response) => answer(response) })
    expect(await said(await post(world, impostor.record()))).toEqual([400, text])
  })

  it('whose server never answers is refused in time', async () => {
    const { world } = await witness()
    const impostor = await startImpostor({ '/v2/oauth/token': () => {} })
    expect(await said(await post(world, impostor.record()))).toEqual([
      504,
      'The installation took longer than 4 s, while asking for an access token.',
    ])
  })

  it('for a different group than its credentials’ is refused, and nothing is stored', async () => {
    const { world, trail } = await witness()
    const impostor = await startImpostor({
      '/v2/oauth/token': (_, response) =>
        json(response, { access_token: 'x', expires_in: 3600, scope: 'send_notification', group_id: 2 }),
    })
    expect(await said(await post(world, impostor.record({ groupId: 1 })))).toEqual([
      403,
      'The credentials belong to a different group than the one in the installation record.',
    ])
    expect(trail).toEqual([])
    expect(await listed(world.store.entries(''))).toEqual([])
  })

  it('whose token endpoint cannot be reached is not reported as having wrong credentials', async () => {
    const { world } = await witness()
    const impostor = await startImpostor({ '/v2/oauth/token': (_, response) => response.destroy() })
    expect(await said(await post(world, impostor.record()))).toEqual([
      502,
      'The server’s token endpoint could not be reached.',
    ])
  })

  it.each([['\ud800'], ['a b'], ['ü'], ['a\u0000']])('with the id %j is refused', async (oauthId) => {
    const { world } = await witness()
    const impostor = await startImpostor()
    expect(await said(await post(world, impostor.record({ oauthId })))).toEqual([
      400,
      'The installation record is not complete: oauthId must be printable ASCII without spaces.',
    ])
    expect(impostor.asked).toEqual([])
    if (oauthId !== '\ud800') expect((await remove(world, encodeURIComponent(oauthId))).status).toBe(404)
  })

  it('with the id "updated" can be removed too', async () => {
    const { world } = await witness()
    const impostor = await startImpostor()
    await post(world, impostor.record({ oauthId: 'updated' }))
    expect((await remove(world, 'updated', sign('updated', impostorSecret))).status).toBe(204)
    expect(await known(world)).toEqual([])
  })

  it('with unknown credentials is refused', async () => {
    const { world } = await witness()
    const record = { oauthId: 'a', oauthSecret: 'b', capabilitiesUrl: world.server.capabilitiesUrl }
    expect(await said(await post(world, record))).toEqual([
      403,
      'The credentials were not accepted by the server’s token endpoint.',
    ])
    expect(await known(world)).toEqual([])
  })

  it('with a known id and another secret does not change the first one', async () => {
    const { world } = await witness()
    const { installation, secret } = await world.install()
    const impostor = await startImpostor()
    const takeover = { ...impostor.record(), oauthId: installation.oauthId }
    expect((await post(world, takeover)).status).toBe(409)
    expect((await post(world, { ...takeover, capabilitiesUrl: installation.capabilitiesUrl })).status).toBe(
      409,
    )
    // The right secret from the wrong server is a takeover too.
    expect((await post(world, { ...takeover, oauthSecret: secret })).status).toBe(409)
    expect(await world.addon.installation(installation.oauthId)).toEqual(installation)
    expect(impostor.asked).toEqual([])
  })
})

describe('an installation by the browser', () => {
  const browser = { installation: 'browser' } as const
  const open = (world: World, path: string, query: Record<string, string>) =>
    fetch(`${world.url}${path}?${new URLSearchParams(query)}`, { redirect: 'manual' })

  it('fetches the one-time document, and sends the browser back', async () => {
    const { world, trail } = await witness(browser)
    let reads = 0
    let record: unknown
    const impostor = await startImpostor({
      '/once': (_, response) => {
        reads += 1
        json(response, record)
      },
    })
    record = impostor.record()
    const query = { installable_url: `${impostor.url}/once`, redirect_url: `${impostor.url}/back?x=1` }
    const installed = await open(world, '/installed', query)
    expect([installed.status, installed.headers.get('location')]).toEqual([302, `${impostor.url}/back?x=1`])
    expect([reads, ...trail]).toEqual([1, 'installed 1'])

    expect((await open(world, '/updated', query)).status).toBe(302)
    expect((await open(world, '/uninstalled', query)).status).toBe(302)
    expect((await open(world, '/uninstalled', query)).status).toBe(302)
    expect(trail).toEqual(['installed 1', 'uninstalled'])
  })

  it('from the compatible server succeeds', async () => {
    const { world, trail } = await witness(browser)
    const answer = await fetch(`${world.server.apiUrl}/addon`, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.server.adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ url: world.addon.descriptor.links.self, room_id: 'Lobby' }),
    })
    const { installed_url } = (await answer.json()) as { installed_url: string }
    expect((await fetch(installed_url, { redirect: 'manual' })).status).toBe(302)
    expect(trail).toEqual(['installed 1'])
    expect(await known(world)).toHaveLength(1)
  })

  it.each([
    ['no installable_url', { installable_url: '' }, 400, /Expected exactly one parameter installable_url/],
    [
      'a redirect elsewhere',
      { redirect_url: 'https://evil.example/' },
      400,
      /redirect_url is not on an allowed server/,
    ],
    [
      'a redirect to a script',
      { redirect_url: 'javascript:alert(1)' },
      400,
      /redirect_url is not on an allowed server/,
    ],
    [
      'a document elsewhere',
      { installable_url: 'https://evil.example/once' },
      403,
      /does not accept installations from this server/,
    ],
  ])('with %s is refused on a page', async (_, over, status, text) => {
    const { world, trail } = await witness(browser)
    const impostor = await startImpostor({ '/once': (_, response) => json(response, {}) })
    const answer = await open(world, '/installed', {
      installable_url: `${impostor.url}/once`,
      redirect_url: `${impostor.url}/`,
      ...over,
    })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toContain('text/html')
    expect(await answer.text()).toMatch(text)
    expect(trail).toEqual([])
    expect(impostor.asked).toEqual([])
  })

  it.each([
    ['backslashes', (url: string) => url.replaceAll('/', '\\')],
    ['spaces around it', (url: string) => ` ${url}\t`],
    ['a line end in it', (url: string) => url.replace('//', '/\r\n/')],
    ['no slashes', (url: string) => url.replace('//', '')],
  ])('with %s in its redirect_url redirects to the normalised address', async (_, odd) => {
    const { world } = await witness(browser)
    let record: unknown
    const impostor = await startImpostor({ '/once': (_, response) => json(response, record) })
    record = impostor.record()
    const answer = await open(world, '/installed', {
      installable_url: `${impostor.url}/once`,
      redirect_url: odd(`${impostor.url}/back`),
    })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, `${impostor.url}/back`])
  })

  it('happens on GET, and not on HEAD', async () => {
    const { world } = await witness(browser)
    const impostor = await startImpostor()
    const query = new URLSearchParams({ installable_url: `${impostor.url}/once`, redirect_url: impostor.url })
    const answer = await fetch(`${world.url}/installed?${query}`, { method: 'HEAD', redirect: 'manual' })
    expect(answer.status).toBe(404)
    expect(impostor.asked).toEqual([])
  })

  it('whose document names another server is refused', async () => {
    const { world } = await witness(browser)
    const other = await startImpostor()
    const impostor = await startImpostor({ '/once': (_, response) => json(response, other.record()) })
    const answer = await open(world, '/installed', {
      installable_url: `${impostor.url}/once`,
      redirect_url: impostor.url,
    })
    expect(answer.status).toBe(400)
    expect(other.asked).toEqual([])
  })

  it('does not enable the routes of installations by the server', async () => {
    const { world } = await witness(browser)
    const impostor = await startImpostor()
    expect((await post(world, impostor.record())).status).toBe(404)
    expect((await remove(world, 'client-1')).status).toBe(404)
    const server = await witness()
    expect((await open(server.world, '/installed', {})).status).toBe(404)
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

async function listed(entries: AsyncIterable<[string, string]>): Promise<[string, string][]> {
  const list: [string, string][] = []
  for await (const entry of entries) list.push(entry)
  return list
}

/** A promise and the function that resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Sends as fast as the other side reads, until it goes away. */
function endless(response: ServerResponse): void {
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
  }
  response.on('drain', more)
  response.on('error', () => {})
  more()
}
