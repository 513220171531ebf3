import { describe, expect, it } from 'vitest'
import { call, startServer } from '../support.ts'

const roomOf = (server: { adminToken: string }) => ({ token: server.adminToken })

describe('an injected failure', () => {
  it('happens as often as it was requested, and then stops', async () => {
    const server = await startServer()
    server.fail('getRoom', { status: 503, message: 'Down for a moment' }, 2)
    const answers = []
    for (let at = 0; at < 3; at += 1) answers.push(await call(server, 'GET', '/room/Lobby', roomOf(server)))
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 200])
    expect(answers[0]?.body.error).toMatchObject({ code: 503, message: 'Down for a moment' })
  })

  it('affects only its operation', async () => {
    const server = await startServer()
    server.fail('getRoom', { status: 500 })
    expect((await call(server, 'GET', '/room/Lobby/participant', roomOf(server))).status).toBe(200)
    expect((await call(server, 'GET', '/room/Lobby', roomOf(server))).status).toBe(500)
  })

  it('says when to retry, if requested', async () => {
    const server = await startServer()
    server.fail('getRoom', { status: 429, retryAfter: 7 })
    const { status, headers } = await call(server, 'GET', '/room/Lobby', roomOf(server))
    expect([status, headers.get('retry-after'), headers.get('x-ratelimit-remaining')]).toEqual([
      429,
      '7',
      '0',
    ])
    expect(Number(headers.get('x-ratelimit-reset'))).toBeGreaterThan(Date.now() / 1000)
  })

  it('can close the connection, without any change', async () => {
    const server = await startServer()
    server.fail('setRoomTopic', { hangUp: true })
    const changed = call(server, 'PUT', '/room/Lobby/topic', { ...roomOf(server), json: { topic: 'New' } })
    await expect(changed).rejects.toThrow('fetch failed')
    expect((await call(server, 'GET', '/room/Lobby', roomOf(server))).body.topic).toBe('Say hello')
  })

  it('can be only a delay', async () => {
    const server = await startServer()
    server.fail('getRoom', { delay: 30 })
    expect((await call(server, 'GET', '/room/Lobby', roomOf(server))).status).toBe(200)
  })

  it('is removed by a reset', async () => {
    const server = await startServer()
    server.fail('getRoom', { status: 500 })
    await server.reset()
    expect((await call(server, 'GET', '/room/Lobby', roomOf(server))).status).toBe(200)
  })

  it.each([
    ['nonsense', { status: 500 }, 'There is no operation nonsense'],
    ['getRoom', { status: 200 }, 'status must be a whole number from 400 to 599, got 200'],
    ['getRoom', { status: 500, hangUp: true }, 'Give either status or hangUp'],
    ['getRoom', {}, 'Give status, hangUp or delay'],
  ] as const)('of %s as %o is refused', async (operation, fault, why) => {
    const server = await startServer()
    expect(() => server.fail(operation as 'getRoom', fault as never)).toThrow(why)
  })
})
