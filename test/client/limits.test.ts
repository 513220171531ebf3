import nock from 'nock'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createBudget } from '../../src/client/limits.ts'
import { caller, failure, hipchat, room17, useNock } from './support.ts'

// The clock stands 10 ms before a full second, where HipChat's windows end: waits are real, and short.
const now = Date.parse('2016-05-26T10:00:00.990Z')
const soon = String((now + 10) / 1000)
const inSeconds = (seconds: number): string => String((now + 10) / 1000 + seconds)

useNock()
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now })
})
afterEach(() => {
  vi.useRealTimers()
})

const hello = { id_or_name: 17, message: 'Hello' }
const notification = '/room/17/notification'
const tooMany = { error: { code: 429, type: 'Too Many Requests', message: 'Rate Limit exceeded' } }

/** Makes calls that wait for up to `maxWait` milliseconds. */
const patient = (maxWait: number) => caller({ budget: createBudget(maxWait) })

/** Refuses a message with these headers, and says until when the client would have waited. */
async function refusedWith(headers: Record<string, string>) {
  hipchat().post(notification).reply(429, tooMany, headers)
  const error = await failure(patient(0)('sendRoomNotification', hello))
  const { resetAt } = error
  expect(error).toMatchObject({
    code: 'ERR_RATE_LIMIT',
    operation: 'sendRoomNotification',
    message: expect.stringMatching(/^sendRoomNotification: no more .+ are allowed until 2016-05-26T10:/),
  })
  return { limit: error['limit'], wait: (resetAt as Date).getTime() - now } // a RateLimitError has one
}

describe('a call that is refused with 429', () => {
  it('is repeated when the limit is renewed, even a message, which was not posted', async () => {
    hipchat()
      .post(notification)
      .reply(429, tooMany, { 'X-FloodControl-Remaining': '0', 'X-FloodControl-Reset': soon })
    const second = hipchat().post(notification).reply(204)
    await patient(1_000)('sendRoomNotification', hello)
    expect(second.isDone()).toBe(true)
  })

  it('is repeated once', async () => {
    hipchat().post(notification).twice().reply(429, tooMany, { 'X-FloodControl-Reset': soon })
    const third = hipchat().post(notification).reply(204)
    expect(await failure(patient(1_000)('sendRoomNotification', hello))).toMatchObject({
      code: 'ERR_RATE_LIMIT',
      limit: 'flood',
      message:
        'sendRoomNotification: no more messages to this room are allowed until 2016-05-26T10:00:01.000Z',
    })
    expect(third.isDone()).toBe(false)
  })

  it('fails at once when that would take too long, and says until when', async () => {
    hipchat()
      .get('/room/17')
      .reply(429, tooMany, { 'X-Ratelimit-Remaining': '0', 'X-Ratelimit-Reset': inSeconds(60) })
    expect(await failure(patient(1_000)('getRoom', { id_or_name: 17 }))).toMatchObject({
      code: 'ERR_RATE_LIMIT',
      operation: 'getRoom',
      limit: 'api',
      resetAt: new Date('2016-05-26T10:01:01Z'),
      message: 'getRoom: no more calls are allowed until 2016-05-26T10:01:01.000Z',
    })
  })

  it.each<[string, Record<string, string>, string, number]>([
    [
      'calls are used up',
      { 'X-Ratelimit-Remaining': '0', 'X-Ratelimit-Reset': inSeconds(60) },
      'api',
      60_010,
    ],
    [
      'messages are used up, calls are not',
      {
        'X-Ratelimit-Remaining': '350',
        'X-Ratelimit-Reset': inSeconds(200),
        'X-Floodcontrol-Remaining': '0',
        'X-Floodcontrol-Reset': inSeconds(30),
      },
      'flood',
      30_010,
    ],
    ['the reset is a fraction', { 'X-FloodControl-Reset': inSeconds(2.5) }, 'flood', 2_510],
    ['the reset is in seconds from now', { 'X-FloodControl-Reset': '42' }, 'flood', 42_000],
    ['there is only Retry-After', { 'Retry-After': '7' }, 'flood', 7_000],
    ['Retry-After is a date', { 'Retry-After': 'Thu, 26 May 2016 10:00:31 GMT' }, 'flood', 30_010],
    [
      'the reset is past, and there is a Retry-After',
      { 'X-FloodControl-Reset': inSeconds(-60), 'Retry-After': '7' },
      'flood',
      7_000,
    ],
    ['there are no headers', {}, 'flood', 5_000],
    ['the reset is past', { 'X-FloodControl-Reset': inSeconds(-60) }, 'flood', 5_000],
    ['the reset is a day away', { 'X-FloodControl-Reset': inSeconds(86_400) }, 'flood', 5_000],
    ['the reset is absurd', { 'X-FloodControl-Reset': '1e400' }, 'flood', 5_000],
    ['the reset is below zero', { 'X-FloodControl-Reset': '-5' }, 'flood', 5_000],
    ['the reset is not a number', { 'X-FloodControl-Reset': 'soon', 'Retry-After': 'soon' }, 'flood', 5_000],
    ['the reset is in milliseconds', { 'X-FloodControl-Reset': String(now + 30_000) }, 'flood', 5_000],
    ['the reset is in the year 5000', { 'X-FloodControl-Reset': '95617584000' }, 'flood', 5_000],
    [
      'our clock is ten minutes behind',
      { Date: 'Thu, 26 May 2016 10:10:01 GMT', 'X-FloodControl-Reset': inSeconds(630) },
      'flood',
      30_000,
    ],
    [
      'our clock is an hour ahead',
      { Date: 'Thu, 26 May 2016 09:00:01 GMT', 'X-FloodControl-Reset': inSeconds(30 - 3_600) },
      'flood',
      30_000,
    ],
    [
      'our clock is an hour ahead and Retry-After is a date',
      { Date: 'Thu, 26 May 2016 09:00:01 GMT', 'Retry-After': 'Thu, 26 May 2016 09:00:31 GMT' },
      'flood',
      30_000,
    ],
    [
      'the answer took a second or two',
      { Date: 'Thu, 26 May 2016 09:59:58 GMT', 'X-FloodControl-Reset': inSeconds(30) },
      'flood',
      30_010,
    ],
    ['the date is not valid', { Date: 'now', 'X-FloodControl-Reset': inSeconds(30) }, 'flood', 30_010],
    ['Retry-After is a day', { 'Retry-After': '86400' }, 'flood', 5_000],
  ])('knows how long to wait when %s', async (_, headers, limit, wait) => {
    const known = await refusedWith(headers)
    expect(known.limit).toBe(limit)
    expect(known.wait).toBeCloseTo(wait, 0)
  })
})

describe('a rate limit that an answer reports as used up', () => {
  const usedUp = (reset: string) => ({ 'X-FloodControl-Remaining': '0', 'X-FloodControl-Reset': reset })

  it('makes the next call wait for its renewal', async () => {
    hipchat()
      .post(notification)
      .reply(204, '', usedUp(inSeconds(60)))
    const second = hipchat().post(notification).reply(204)
    const call = patient(1_000)
    await call('sendRoomNotification', hello)
    expect(await failure(call('sendRoomNotification', hello))).toMatchObject({
      code: 'ERR_RATE_LIMIT',
      limit: 'flood',
      resetAt: new Date('2016-05-26T10:01:01Z'),
      message:
        'sendRoomNotification: no more messages to this room are allowed until 2016-05-26T10:01:01.000Z',
    })
    expect(second.isDone()).toBe(false)

    vi.setSystemTime(Date.parse('2016-05-26T10:01:01Z'))
    await call('sendRoomNotification', hello)
    expect(second.isDone()).toBe(true)
  })

  it('is waited for when it is renewed soon', async () => {
    hipchat().post(notification).reply(204, '', usedUp(soon))
    hipchat().post(notification).reply(204)
    const call = patient(1_000)
    await call('sendRoomNotification', hello)
    await call('sendRoomNotification', hello)
    expect(nock.isDone()).toBe(true)
  })

  it('for messages delays neither another room nor a read', async () => {
    hipchat()
      .post(notification)
      .reply(204, '', usedUp(inSeconds(60)))
    hipchat().post('/room/18/notification').reply(204)
    hipchat().get('/room/17').reply(200, room17)
    const call = patient(0)
    await call('sendRoomNotification', hello)
    await call('sendRoomNotification', { ...hello, id_or_name: 18 })
    await call('getRoom', { id_or_name: 17 })
    expect(nock.isDone()).toBe(true)
  })

  it('for calls delays all calls, but only of this token', async () => {
    const headers = { 'X-Ratelimit-Remaining': '0', 'X-Ratelimit-Reset': inSeconds(60) }
    hipchat().get('/room/17').reply(200, room17, headers)
    const call = patient(0)
    await call('getRoom', { id_or_name: 17 })
    expect(await failure(call('sendRoomNotification', hello))).toMatchObject({
      code: 'ERR_RATE_LIMIT',
      limit: 'api',
      message: 'sendRoomNotification: no more calls are allowed until 2016-05-26T10:01:01.000Z',
    })
    hipchat().post(notification).reply(204)
    await patient(0)('sendRoomNotification', hello)
    expect(nock.isDone()).toBe(true)
  })

  it('delays nothing while some of it is left', async () => {
    const some = { 'X-Ratelimit-Remaining': '1', 'X-Ratelimit-Reset': inSeconds(60) }
    hipchat().get('/room/17').twice().reply(200, room17, some)
    const call = patient(0)
    await call('getRoom', { id_or_name: 17 })
    await call('getRoom', { id_or_name: 17 })
    expect(nock.isDone()).toBe(true)
  })
})

it('a 403 is not treated as a rate limit, unlike in the previous API', async () => {
  hipchat()
    .get('/room/17')
    .reply(403, { error: { message: 'Rate Limit exceeded' } })
  expect(await failure(patient(1_000)('getRoom', { id_or_name: 17 }))).toMatchObject({
    code: 'ERR_API',
    status: 403,
    message: 'getRoom: HipChat answered 403: Rate Limit exceeded',
  })
})
