import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  createAddon,
  InstallationRefusedError,
  NetworkError,
  type Store,
  StoreError,
} from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/index.ts'
import { impostorSecret, json, startImpostor } from '../addon/impostor.ts'
import { gate } from '../gate.ts'
import { planted } from '../leaks/planted.ts'
import { partOf, sign, startWorld, testOptions } from '../support.ts'
import { known, post, remove, said, witness } from './support.ts'

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
      expect(await known(world)).not.toContain(`client-${failAt}`)
    }
    expect(statuses.length).toBeGreaterThan(3)
    expect(new Set(statuses)).toEqual(new Set([503]))
    failAt = 0
    expect((await post(world, impostor.record({ roomId: 1 }))).status).toBe(200)
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

describe('a replacement of an installation', () => {
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
