import nock from 'nock'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createBudget } from '../../src/client/limits.ts'
import type { CallRecord } from '../../src/client/request.ts'
import { createOutbound } from '../../src/common/outbound.ts'
import { createAccessTokens } from '../../src/installations/access-token.ts'
import { createMemoryStore } from '../../src/store/memory/memory.ts'
import { createSealing } from '../../src/store/sealing.ts'
import { caller, credentials, failure, hipchat, room17, useNock } from './support.ts'

useNock()
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0) // the shortest pauses between attempts
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const notification = '/room/17/notification'

const hello = { id_or_name: 17, message: 'Hello' }

describe('a token that is refused', () => {
  it('is renewed, and the call repeated, even a write', async () => {
    hipchat().post(notification).matchHeader('authorization', 'Bearer T1').reply(401)
    const second = hipchat().post(notification).matchHeader('authorization', 'Bearer T2').reply(204)
    const renew = vi.fn(async () => 'T2')
    await caller({ renew })('sendRoomNotification', hello)
    expect(second.isDone()).toBe(true)
    expect(renew.mock.calls).toEqual([['T1']])
  })

  it('is renewed only once: a second refusal fails the call', async () => {
    hipchat()
      .persist()
      .get('/room/17')
      .reply(401, { error: { message: 'Invalid OAuth session' } })
    const renew = vi.fn(async () => 'T2')
    expect(await failure(caller({ renew })('getRoom', { id_or_name: 17 }))).toMatchObject({
      code: 'ERR_API',
      status: 401,
      message: 'getRoom: HipChat answered 401: Invalid OAuth session',
    })
    expect(renew).toHaveBeenCalledTimes(1)
  })

  it('fails the call when it cannot be renewed', async () => {
    const once = hipchat().get('/room/17').reply(401)
    expect(await failure(caller()('getRoom', { id_or_name: 17 }))).toMatchObject({
      code: 'ERR_API',
      status: 401,
      message: 'getRoom: HipChat answered 401: status 401 without an explanation',
    })
    expect(once.isDone()).toBe(true)
  })

  it('is exchanged once for fifty simultaneous calls', async () => {
    const tokens = createAccessTokens({
      store: createMemoryStore(),
      sealing: createSealing(),
      outbound: createOutbound({ hosts: ['chat.example.net'] }),
      timeout: 2_000,
      mark: async () => {},
      warn: () => {},
    })
    let exchanges = 0
    hipchat()
      .persist()
      .post('/oauth/token')
      .delay(20)
      .reply(200, () => ({ access_token: `T${++exchanges}`, expires_in: 3599 }))
    hipchat()
      .persist()
      .get('/room/17')
      .reply(function () {
        return this.req.headers['authorization'] === 'Bearer T1' ? [401] : [200, room17]
      })
    const call = caller({
      token: () => tokens.get(credentials()),
      renew: (refused) => tokens.renew(credentials(), refused),
    })
    const answers = await Promise.all(Array.from({ length: 50 }, () => call('getRoom', { id_or_name: 17 })))
    expect(answers).toEqual(Array(50).fill(room17))
    expect(exchanges).toBe(2)
  })
})

describe('a temporary failure', () => {
  const count = (path: string, method: 'GET' | 'POST' | 'PUT' | 'DELETE', status: number) => {
    const attempts = { count: 0 }
    hipchat()
      .persist()
      .intercept(path, method)
      .reply(() => {
        attempts.count += 1
        return [status, '<html>']
      })
    return attempts
  }

  it.each([500, 502, 503, 504])('a read is tried three times on %d', async (status) => {
    const attempts = count('/room/17', 'GET', status)
    expect(await failure(caller()('getRoom', { id_or_name: 17 }))).toMatchObject({
      code: 'ERR_API',
      status,
      message: `getRoom: HipChat answered ${status}: status ${status} without an explanation`,
    })
    expect(attempts.count).toBe(3)
  })

  it('a read succeeds when a later attempt does, and the log has the number of attempts', async () => {
    hipchat().get('/room/17').reply(503)
    hipchat().get('/room/17').replyWithError('reset')
    hipchat().get('/room/17').reply(200, room17)
    const records: CallRecord[] = []
    const call = caller({}, { onCall: (record) => records.push(record) })
    expect(await call('getRoom', { id_or_name: 17 })).toEqual(room17)
    expect(records).toEqual([
      { operation: 'getRoom', status: 200, attempts: 3, milliseconds: expect.any(Number) },
    ])
  })

  it.each([400, 403, 404, 405, 501])('a read is not repeated on %d', async (status) => {
    const attempts = count('/room/17', 'GET', status)
    expect((await failure(caller()('getRoom', { id_or_name: 17 })))['code']).toBe('ERR_API')
    expect(attempts.count).toBe(1)
  })

  it.each([
    ['POST', notification, 'sendRoomNotification', hello],
    ['PUT', '/room/17', 'updateRoom', { id_or_name: 17, topic: 'Lunch' }],
    ['DELETE', '/room/17', 'deleteRoom', { id_or_name: 17 }],
  ] as const)('a %s is not repeated on 503: it may have had its effect', async (method, path, id, given) => {
    const attempts = count(path, method, 503)
    expect(await failure(caller()(id, given))).toMatchObject({ code: 'ERR_API', status: 503 })
    expect(attempts.count).toBe(1)
  })

  it('a read gives up after three broken connections', async () => {
    hipchat().get('/room/17').times(3).replyWithError('reset')
    expect(await failure(caller()('getRoom', { id_or_name: 17 }))).toMatchObject({
      code: 'ERR_NETWORK',
      message: 'getRoom: chat.example.net could not be reached: reset.',
    })
    expect(nock.isDone()).toBe(true)
  })

  it('a message is not repeated after a broken connection, and the error says that its effect is unknown', async () => {
    hipchat().post(notification).replyWithError('reset')
    const second = hipchat().post(notification).reply(204)
    expect(await failure(caller()('sendRoomNotification', hello))).toMatchObject({
      code: 'ERR_NETWORK',
      message:
        'sendRoomNotification: chat.example.net could not be reached: reset. It is not known whether the call took effect, so it was not repeated.',
    })
    expect(second.isDone()).toBe(false)
  })

  it('a message that is not answered in time is not repeated either', async () => {
    hipchat().post(notification).delay(30_000).reply(204)
    const second = hipchat().post(notification).reply(204)
    expect(await failure(caller({}, { timeout: 60 })('sendRoomNotification', hello))).toMatchObject({
      code: 'ERR_NETWORK',
      message:
        'sendRoomNotification: chat.example.net did not answer within 60 ms. It is not known whether the call took effect, so it was not repeated.',
    })
    expect(second.isDone()).toBe(false)
  })
})

describe('a signal', () => {
  const reason = new Error('closing')

  it('prevents the call, and the exchange for its token, when it is already aborted', async () => {
    const server = hipchat().get('/room/17').reply(200, room17)
    const token = vi.fn(async () => 'T1')
    expect(await failure(caller({ token })('getRoom', { id_or_name: 17 }, AbortSignal.abort(reason)))).toBe(
      reason,
    )
    expect(server.isDone()).toBe(false)
    expect(token).not.toHaveBeenCalled()
  })

  it('ends a call that hangs', async () => {
    hipchat().get('/room/17').delay(30_000).reply(200, room17)
    const controller = new AbortController()
    const call = caller()('getRoom', { id_or_name: 17 }, controller.signal)
    setTimeout(() => controller.abort(reason), 30)
    expect(await failure(call)).toBe(reason)
  })

  it('ends the wait for a token, without ending it for others', async () => {
    hipchat().get('/room/17').reply(200, room17)
    const controller = new AbortController()
    let give = (_: string): void => {}
    const token = new Promise<string>((resolve) => {
      give = resolve
    })
    const call = caller({ token: () => token })
    const [one, other] = [
      call('getRoom', { id_or_name: 17 }, controller.signal),
      call('getRoom', { id_or_name: 17 }),
    ]
    controller.abort(reason)
    expect(await failure(one)).toBe(reason)
    give('T1')
    expect(await other).toEqual(room17)
  })

  it('ends the pause between attempts', async () => {
    vi.mocked(Math.random).mockReturnValue(100)
    const controller = new AbortController()
    hipchat()
      .get('/room/17')
      .reply(() => {
        setTimeout(() => controller.abort(reason), 10)
        return [503]
      })
    expect(await failure(caller()('getRoom', { id_or_name: 17 }, controller.signal))).toBe(reason)
  })

  it('ends the wait for a rate limit, during which nothing is sent', async () => {
    const controller = new AbortController()
    hipchat().post(notification).reply(429, '', { 'retry-after': '600' })
    const second = hipchat().post(notification).reply(204)
    const patient = 3_600_000
    const call = caller({ budget: createBudget(patient) })
    setTimeout(() => controller.abort(reason), 150)
    expect(await failure(call('sendRoomNotification', hello, controller.signal))).toBe(reason)
    expect(second.isDone()).toBe(false)
  })
})
