import { connect } from 'node:net'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { planted } from '../../leaks/planted.ts'
import { accessToken, call, declare, hook, installOverHttp, startAddon, startServer } from '../support.ts'
import { ids, visit } from './visitors.ts'

describe('a change on the chat page', () => {
  interface Told {
    readonly id: string
    readonly name: string
    // biome-ignore lint/suspicious/noExplicitAny: tests read any answer
    readonly data: any
  }

  /** Opens the connection for changes, as a page does. */
  async function listen(server: HipChatServer, token: string, after: string) {
    const abort = new AbortController()
    onTestFinished(() => abort.abort())
    const answer = await fetch(`${server.url}/page/updates?after=${after}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: abort.signal,
    })
    const told: Told[] = []
    let ended = false
    const read = async () => {
      let rest = ''
      for await (const piece of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const blocks = (rest + piece).split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) {
          const [, id, name, data] = /^id: (.*)\nevent: (.*)\ndata: (.*)$/.exec(block) ?? []
          if (id !== undefined && name !== undefined && data !== undefined)
            told.push({ id, name, data: JSON.parse(data) })
        }
      }
    }
    const reading = read()
      .catch(() => undefined)
      .finally(() => {
        ended = true
      })
    return {
      answer,
      told,
      reading,
      hasEnded: () => ended,
      texts: () => told.flatMap(({ data }) => data.message?.message ?? []),
      leave: () => abort.abort(),
    }
  }

  const cursorOf = async (visitor: Awaited<ReturnType<typeof visit>>): Promise<string> =>
    (await visitor.call('GET', '/start')).body.cursor

  test('of a deleted room is hidden from users who did not see it', async () => {
    const server = await startServer()
    const addon = await startAddon({
      glance: [
        {
          key: 'glance',
          name: { value: 'G' },
          queryUrl: 'http://127.0.0.1:1/glance',
          icon: { url: 'http://127.0.0.1:1/i', 'url@2x': 'http://127.0.0.1:1/i' },
        },
      ],
    })
    const token = await accessToken(server, await installOverHttp(server, addon))
    const carol = await visit(server, 'carol')
    const before = await cursorOf(carol)
    const json = {
      glance: [{ key: 'glance', content: { label: { type: 'html', value: 'behind originRules' } } }],
    }
    expect((await call(server, 'POST', '/addon/ui/room/3', { token, json })).status).toBe(204)
    await call(server, 'DELETE', '/room/3', { token: server.adminToken })
    await server.say('Lobby', 'alice', 'afterwards')
    const page = await listen(server, carol.token, before)
    await vi.waitFor(() => expect(page.texts()).toEqual(['afterwards']))
    expect(page.told.map(({ name }) => name)).not.toContain('glance')
  })

  test('is sent at once, and once, to everyone it concerns', async () => {
    const server = await startServer()
    const [alice, bob, carol] = [
      await visit(server, 'alice'),
      await visit(server, 'bob'),
      await visit(server, 'carol'),
    ]
    const cursor = await cursorOf(alice)
    const pages = await Promise.all([alice, bob, carol].map(({ token }) => listen(server, token, cursor)))
    for (const { answer } of pages) {
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toContain('text/event-stream')
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
    await server.say('Back office', 'alice', 'behind closed originRules')
    await call(server, 'POST', '/user/@bob/message', {
      token: await server.createToken({ user: 'alice' }),
      json: { message: 'for Bob alone' },
    })
    await server.setTopic('Lobby', 'bob', 'OriginRules')
    await server.say('Lobby', 'bob', 'for all')
    for (const page of pages) await expect.poll(page.texts).toContain('for all')
    const [ofAlice, ofBob, ofCarol] = pages
    expect(ofAlice?.texts().filter((text) => text !== 'for all').length).toBeGreaterThanOrEqual(2)
    for (const page of [ofAlice, ofBob]) {
      expect(page?.texts()).toContain('behind closed originRules')
      expect(page?.told.find(({ name }) => name === 'private_message')?.data.message.message).toBe(
        'for Bob alone',
      )
    }
    expect(ofAlice?.told.find(({ name }) => name === 'private_message')?.data.user_id).toBe(ids.bob)
    expect(ofBob?.told.find(({ name }) => name === 'private_message')?.data.user_id).toBe(ids.alice)
    const toCarol = JSON.stringify(ofCarol?.told)
    expect(toCarol).not.toContain('behind closed originRules')
    expect(toCarol).not.toContain('Back office')
    expect(toCarol).not.toContain('for Bob alone')
    for (const page of pages)
      expect(
        page.told.filter(({ name, data }) => name === 'room' && data.topic === 'OriginRules'),
      ).not.toEqual([])
    // administrators only
    for (const page of pages)
      expect(page.told.filter(({ name }) => name === 'delivery' || name === 'call')).toEqual([])
  })

  test('is sent to administrators: deliveries by their ids, calls of add-ons without secrets', async () => {
    const server = await startServer()
    const addon = await startAddon()
    declare(addon, { webhook: hook(addon) })
    const admin = await visit(server, 'admin')
    const page = await listen(server, admin.token, await cursorOf(admin))
    const record = await installOverHttp(server, addon, 'Lobby')
    const token = await accessToken(server, record)
    await server.say('Lobby', 'alice', 'hi')
    await server.idle()
    await call(server, 'GET', `/oauth/token/${token}`, { token })
    await call(server, 'POST', `/room/3/notification?auth_token=${token}`, { json: { message: 'no' } })
    const names = () => page.told.map(({ name }) => name)
    await expect.poll(() => names().filter((name) => name === 'call').length).toBeGreaterThanOrEqual(3)
    expect(page.told.find(({ name }) => name === 'delivery')?.data).toEqual({ id: 1 })
    const calls = page.told.filter(({ name }) => name === 'call').map(({ data }) => data)
    expect(calls).toMatchObject([
      {
        oauth_id: record.oauthId,
        method: 'POST',
        path: '/oauth/token',
        operation: 'generateToken',
        status: 200,
      },
      { method: 'GET', path: '/oauth/token/…', operation: 'getSession', status: 200, error: null },
      {
        method: 'POST',
        path: '/room/3/notification',
        operation: 'sendRoomNotification',
        status: 403,
        error: 'This token is bound to another room',
      },
    ])
    expect(JSON.stringify(page.told)).not.toContain(token)
    const { body } = await call(server, 'GET', `${server.url}/admin/calls`, { token: server.adminToken })
    expect(body.items).toEqual(calls.toReversed())
  })

  test('can be requested from a known cursor on', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    const cursor = await cursorOf(alice)
    for (const text of ['one', 'two', 'three']) await server.say('Lobby', 'bob', text)
    const first = await listen(server, alice.token, cursor)
    await expect.poll(first.texts).toEqual(['one', 'two', 'three'])
    first.leave()
    const second = first.told.find(({ data }) => data.message?.message === 'two')
    await server.say('Lobby', 'bob', 'four')
    const page = await listen(server, alice.token, second?.id ?? '')
    await expect.poll(page.texts).toEqual(['three', 'four'])
    expect(page.told.map(({ name }) => name)).not.toContain('reset')
  })

  test('starts over for a page with an unknown, absent or expired cursor', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    const cursor = await cursorOf(alice)
    const [era, number] = cursor.split('-')
    for (const after of ['', 'otherera-0', `${era}-${Number(number) + 1}`, `${era}-x`, `${era}--1`]) {
      const page = await listen(server, alice.token, after)
      await expect.poll(() => page.told.map(({ name }) => name)).toEqual(['reset'])
      page.leave()
    }
    const fresh = await listen(server, alice.token, cursor)
    await server.say('Lobby', 'bob', 'hello')
    await expect.poll(fresh.texts).toEqual(['hello'])
    expect(fresh.told.map(({ name }) => name)).not.toContain('reset')
    fresh.leave()
    for (let index = 0; index < 2_001; index += 1) await server.say('Lobby', 'bob', `message ${index}`)
    const late = await listen(server, alice.token, cursor)
    await expect.poll(() => late.told.map(({ name }) => name)).toEqual(['reset'])
    await server.say('Lobby', 'bob', 'on we go') // and goes on from there
    await expect.poll(late.texts).toEqual(['on we go'])
  })

  test('is no longer sent after signing out, a new password, a deletion, or the end of the server', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    const [bob, carol, admin] = [
      await visit(server, 'bob'),
      await visit(server, 'carol'),
      await visit(server, 'admin'),
    ]
    const cursor = await cursorOf(alice)
    const [ofAlice, ofBob, ofCarol, ofAdmin] = await Promise.all([
      listen(server, alice.token, cursor),
      listen(server, bob.token, cursor),
      listen(server, carol.token, cursor),
      listen(server, admin.token, cursor),
    ])
    await alice.call('DELETE', '/session')
    await expect.poll(ofAlice.hasEnded).toBe(true)
    await call(server, 'PUT', '/user/@bob', {
      token: server.adminToken,
      json: { password: planted('another-password') },
    })
    await expect.poll(ofBob.hasEnded).toBe(true)
    await call(server, 'DELETE', '/user/@carol', { token: server.adminToken })
    await expect.poll(ofCarol.hasEnded).toBe(true)
    expect(ofAdmin.hasEnded()).toBe(false)
    await server.close()
    await expect.poll(ofAdmin.hasEnded).toBe(true)
  })

  test('a room that is closed to a user disappears from their page', async () => {
    const server = await startServer()
    const carol = await visit(server, 'carol')
    const page = await listen(server, carol.token, await cursorOf(carol))
    await call(server, 'PUT', '/room/Workshop', { token: server.adminToken, json: { privacy: 'private' } })
    await expect
      .poll(() => page.told.map(({ name, data }) => [name, data.id]))
      .toContainEqual(['room_removed', 2])
    await server.say('Workshop', 'alice', 'not for Carol')
    await server.say('Lobby', 'alice', 'for Carol')
    await expect.poll(page.texts).toEqual(['for Carol'])
    const removals = page.told.filter(({ name }) => name === 'room_removed')
    expect(removals).toHaveLength(1) // nothing more of it, once it has gone
  })

  test('events in a private room are not sent to the pages of others', async () => {
    const server = await startServer()
    const carol = await visit(server, 'carol')
    const page = await listen(server, carol.token, await cursorOf(carol))
    await server.enter('Back office', 'alice')
    await server.setTopic('Back office', 'alice', 'secret')
    await server.leave('Back office', 'alice')
    await server.say('Lobby', 'alice', 'for Carol')
    await expect.poll(page.texts).toEqual(['for Carol'])
    expect(page.told.filter(({ name }) => name !== 'message' && name !== 'user')).toEqual([])
  })

  test('a page that missed megabytes gets them in parts, each continuing where the last one ended', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    let cursor = await cursorOf(alice)
    const count = 600
    const long = 'x'.repeat(9_900)
    for (let index = 0; index < count; index += 1) await server.say('Lobby', 'bob', `${index} ${long}`)
    const numbers: number[] = []
    let rounds = 0
    while (numbers.length < count && rounds < 10) {
      rounds += 1
      const page = await listen(server, alice.token, cursor)
      await expect.poll(() => page.hasEnded() || numbers.length + page.texts().length === count).toBe(true)
      page.leave()
      numbers.push(...page.texts().map((text: string) => Number.parseInt(text, 10)))
      cursor = page.told.at(-1)?.id ?? cursor
    }
    expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index))
    expect(rounds).toBeGreaterThan(1)
  })

  test('a page that does not read is disconnected before it costs much', async () => {
    const server = await startServer()
    const alice = await visit(server, 'alice')
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    onTestFinished(() => void socket.destroy())
    let read = ''
    let ended = false
    socket.setEncoding('utf8')
    socket.write(
      `GET /page/updates?after=${await cursorOf(alice)} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${alice.token}\r\nConnection: close\r\n\r\n`,
    )
    await new Promise<void>((resolve) => socket.once('readable', () => resolve()))
    const long = 'x'.repeat(9_900)
    const count = 3_000 // far more than what is kept, what may wait, and what buffers of the system hold
    for (let index = 0; index < count; index += 1) await server.say('Lobby', 'bob', `${index} ${long}`)
    socket.on('data', (text) => {
      read += text
    })
    socket.on('close', () => {
      ended = true
    })
    await expect.poll(() => ended, { timeout: 10_000 }).toBe(true)
    const told = read.match(/^event: message$/gm)?.length ?? 0
    expect(told).toBeGreaterThan(300)
    expect(told).toBeLessThan(count)
  })
})
