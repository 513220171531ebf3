import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import {
  type Addon,
  accessToken,
  adminCall,
  call,
  declare,
  hook,
  inline,
  installOverHttp,
  startAddon,
  startServer,
} from '../support.ts'

/** An add-on with its own key in the Lobby that listens for messages and notifications. */
async function hearing(server: HipChatServer, name: string, scopes = ['send_notification']) {
  const addon = await startAddon()
  addon.descriptor = { ...addon.descriptor, key: `com.example.${name}`, name }
  declare(addon, {
    hipchatApiConsumer: { scopes },
    webhook: [
      hook(addon),
      hook(addon, { event: 'room_notification' }),
      hook(addon, { event: 'room_topic_change' }),
    ],
  })
  return { addon, installation: await installOverHttp(server, addon, 'Lobby') }
}

const answering = (addon: Addon, message: string) => {
  addon.respond = ({ path }) => (path === '/hook' ? inline({ message }) : undefined)
}

const told =
  /^not delivered: (one event led to 100 answers of add-ons|add-ons answered each other 10 times, one after the other)$/

describe('add-ons that answer each other', () => {
  it('stop after a hundred answers to one message, and the delivery record says why', async () => {
    const server = await startServer()
    for (const name of ['one', 'two', 'three', 'four']) answering((await hearing(server, name)).addon, name)
    await server.say('Lobby', 'alice', 'Hello')
    await server.idle()
    expect(server.history('Lobby')).toHaveLength(1 + 100)
    const ended = server.deliveries().filter(({ notPosted }) => notPosted?.startsWith('one event'))
    expect(ended.length).toBeGreaterThan(0)
    expect(new Set(ended.map(({ notPosted, replied }) => `${replied} ${notPosted}`))).toEqual(
      new Set(['false one event led to 100 answers of add-ons']),
    )
    const { body } = await adminCall(
      server,
      'GET',
      `/admin/deliveries/${ended[0]?.id}`.replace(/^/, server.url),
    )
    expect(body).toMatchObject({
      replied: false,
      notPosted: 'one event led to 100 answers of add-ons',
      error: null,
    })

    await server.say('Lobby', 'bob', 'And now?') // another message begins a new chain
    await server.idle()
    expect(server.history('Lobby')).toHaveLength(2 * (1 + 100))
  })

  it('stop after ten answers to each other, and the delivery record says why', async () => {
    const server = await startServer()
    for (const name of ['one', 'two']) answering((await hearing(server, name)).addon, name)
    await server.say('Lobby', 'alice', 'Hello')
    await server.idle()
    expect(server.history('Lobby')).toHaveLength(1 + 2 * 10)
    expect(server.deliveries().filter(({ notPosted }) => notPosted?.startsWith('add-ons'))).toMatchObject([
      { notPosted: 'add-ons answered each other 10 times, one after the other' },
      { notPosted: 'add-ons answered each other 10 times, one after the other' },
    ])
  })

  it('stop after a hundred answers, even when one of them has a hundred webhooks', async () => {
    const server = await startServer()
    const addon = await startAddon()
    declare(addon, { webhook: Array.from({ length: 60 }, () => hook(addon)) })
    await installOverHttp(server, addon, 'Lobby')
    await installOverHttp(server, addon)
    answering(addon, 'hi')
    await server.say('Lobby', 'alice', 'Hello')
    await server.idle()
    expect(server.history('Lobby')).toHaveLength(1 + 100)
  })

  it.each([
    ['while they are told', false],
    ['soon after they were told', true],
  ])('by calls of their own, %s, are no longer notified', async (_, later) => {
    const server = await startServer()
    for (const name of ['one', 'two', 'three']) {
      const { addon, installation } = await hearing(server, name)
      const token = await accessToken(server, installation)
      addon.respond = async ({ path }) => {
        if (path !== '/hook') return undefined
        const posted = call(server, 'POST', '/room/Lobby/notification', { token, json: { message: name } })
        if (later)
          posted.catch(() => undefined) // the test may be over
        else await posted
        return undefined
      }
    }
    await server.say('Lobby', 'alice', 'Hello')
    await expect.poll(() => server.deliveries().some(({ error }) => told.test(error ?? ''))).toBe(true)
    await expect
      .poll(async () => {
        const before = server.history('Lobby').length
        await new Promise((resolve) => setTimeout(resolve, 200))
        return server.history('Lobby').length - before
      })
      .toBe(0)
    expect(server.history('Lobby').length).toBeLessThanOrEqual(1 + 3 * (1 + 100))
  })

  it('by changes of the topic are no longer notified', async () => {
    const server = await startServer()
    let number = 0
    for (const name of ['one', 'two']) {
      const { addon, installation } = await hearing(server, name, ['admin_room'])
      const token = await accessToken(server, installation)
      addon.respond = async ({ path, body }) => {
        if (path !== '/hook' || body.event !== 'room_topic_change') return undefined
        number += 1
        await call(server, 'PUT', '/room/Lobby/topic', { token, json: { topic: `${name} ${number}` } })
        return undefined
      }
    }
    await server.setTopic('Lobby', 'alice', 'Ships')
    await expect.poll(() => server.deliveries().some(({ error }) => told.test(error ?? ''))).toBe(true)
    await server.idle()
    expect(number).toBeLessThan(300)
  })
})

describe('what an add-on does by itself', () => {
  it('reaches others without limit when it was not caused by a delivery', async () => {
    const server = await startServer()
    const { installation } = await hearing(server, 'builds')
    const { addon } = await hearing(server, 'counter')
    const token = await accessToken(server, installation)
    for (let number = 0; number < 120; number += 1)
      await call(server, 'POST', '/room/Lobby/notification', { token, json: { message: `Build ${number}` } })
    await server.idle()
    expect(addon.to('/hook')).toHaveLength(120)
  })

  it('no longer counts as an answer some time after the delivery', async () => {
    const server = await startServer()
    const { installation } = await hearing(server, 'builds')
    const { addon } = await hearing(server, 'counter')
    const token = await accessToken(server, installation)
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const post = () => call(server, 'POST', '/room/Lobby/notification', { token, json: { message: 'Build' } })
    await server.say('Lobby', 'alice', 'Hello')
    await server.idle()
    for (let number = 0; number < 101; number += 1) await post()
    await server.idle()
    expect(addon.to('/hook')).toHaveLength(1 + 100)
    vi.setSystemTime(Date.now() + 3_001)
    await post()
    await server.idle()
    expect(addon.to('/hook')).toHaveLength(1 + 100 + 1)
  })
})
