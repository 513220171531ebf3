import nock from 'nock'
import { describe, expect, it } from 'vitest'
import { createPersonalClient, type PersonalClientOptions } from '../../src/client/personal.ts'
import { apiUrl, failure, hipchat, room17, shown, useNock } from './support.ts'

useNock()

const options = { apiUrl, token: 'made-by-hand' }

describe('a personal client', () => {
  it('calls with the token it was given', async () => {
    const server = hipchat()
      .post('/room/17/message', { message: 'Hello' })
      .matchHeader('authorization', 'Bearer made-by-hand')
      .reply(200, { id: 'm1', timestamp: '2016-05-26T10:00:00Z' })
    const said = await createPersonalClient(options).sendRoomMessage({ id_or_name: 17, message: 'Hello' })
    expect(said.id).toBe('m1')
    expect(server.isDone()).toBe(true)
  })

  it.each([
    ['https://chat.example.net/v2', 'https://chat.example.net'],
    ['https://chat.example.net./v2/', 'https://chat.example.net.'],
    ['http://hipchat.internal:8080/v2', 'http://hipchat.internal:8080'],
    ['http://127.0.0.1:8080/v2', 'http://127.0.0.1:8080'],
    ['http://10.0.0.5/v2', 'http://10.0.0.5'],
    ['http://[::1]:8080/v2', 'http://[::1]:8080'],
  ])('calls any address that its owner gives: %s', async (address, server) => {
    nock(server).get('/v2/room/17').reply(200, room17)
    const client = createPersonalClient({ ...options, apiUrl: address })
    expect(await client.getRoom({ id_or_name: 17 })).toEqual(room17)
  })

  it('fails on a 401, since there is no other token', async () => {
    const server = hipchat().get('/room/17').reply(401)
    const client = createPersonalClient(options)
    expect(await failure(client.getRoom({ id_or_name: 17 }))).toMatchObject({
      code: 'ERR_API',
      status: 401,
      message: 'getRoom: HipChat answered 401: status 401 without an explanation',
    })
    expect(server.isDone()).toBe(true)
  })

  it('refuses what its scopes do not allow', async () => {
    const server = hipchat().get('/user/1').reply(200, {})
    const client = createPersonalClient({ ...options, scopes: ['view_room'] })
    const untyped = client as unknown as Record<'getUser', (given: object) => Promise<unknown>> // it has all methods
    expect(await failure(untyped.getUser({ id_or_email: 1 }))).toMatchObject({
      code: 'ERR_MISSING_SCOPE',
      message: expect.stringMatching(/^getUser needs the scope view_group; the personal token was approved/),
    })
    expect(server.isDone()).toBe(false)
  })

  it('respects its timeout', async () => {
    hipchat().post('/room/17/message').delay(30_000).reply(200)
    const client = createPersonalClient({ ...options, timeout: 60 })
    expect(await failure(client.sendRoomMessage({ id_or_name: 17, message: 'Hello' }))).toMatchObject({
      code: 'ERR_NETWORK',
      message: expect.stringContaining('chat.example.net did not answer within 60 ms'),
    })
  })

  it('shows no token', () => {
    expect(shown(createPersonalClient(options))).not.toContain('made-by-hand')
  })

  it.each<[object, string]>([
    [
      { apiUrl: 'chat.example.net' },
      'expected apiUrl to be an absolute http or https address, got "chat.example.net"',
    ],
    [{ apiUrl: undefined }, 'the option apiUrl is missing'],
    [{ apiUrl: 'ftp://h/v2' }, 'expected apiUrl to be an absolute http or https address, got "ftp://h/v2"'],
    [
      { apiUrl: 'https://h/v2?auth_token=x' },
      'expected apiUrl to be an address without a query or fragment, got one with them',
    ],
    [
      { apiUrl: 'https://me:pass@h/v2' },
      'expected apiUrl to be an address without a user name or password, got one that has them',
    ],
    [{ token: '' }, 'expected token to be a non-empty string, got an empty one'],
    [{ token: 5 }, 'expected token to be a non-empty string, got number'],
    [
      { token: 'made-by-hand\n' },
      'expected token to be printable ASCII without spaces, got other characters, such as a line break',
    ],
    [
      { scopes: ['view_rooms'] },
      'expected scopes.0 to be one of admin_group, admin_room, import_data, manage_rooms, send_message, send_notification, view_group, view_messages, view_room; got "view_rooms"',
    ],
    [{ timeout: '5' }, 'expected timeout to be a number of milliseconds from 0 to 2147483647, got "5"'],
    [
      { maxRateLimitWait: -1 },
      'expected maxRateLimitWait to be a number of milliseconds from 0 to 2147483647, got -1',
    ],
    [
      { retries: 3 },
      'retries is not a known option; expected one of apiUrl, token, scopes, timeout, maxRateLimitWait, ca',
    ],
  ])('cannot be created with wrong options: %j', (wrong, message) => {
    const create = () => createPersonalClient({ ...options, ...wrong } as PersonalClientOptions) // wrong on purpose
    expect(create).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIGURATION',
        message: `createPersonalClient: ${message}`,
      }),
    )
  })
})
