import { describe, expect, it } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { codeFor, exchangeCode, password, startConsent } from '../consent-support.ts'
import { accessToken, call, refusal } from '../support.ts'
import { grant, later, outcome, works, year } from './grants.support.ts'

describe('a personal token', () => {
  it('is made with name and password, for a year', async () => {
    const { server } = await startConsent()
    const json = { grant_type: 'personal', username: '@alice', password, scope: 'view_group' }
    const { status, body } = await grant(server, json)
    expect(status).toBe(200)
    expect(body).toMatchObject({ scope: 'view_group', expires_in: year })
    expect(body).not.toHaveProperty('refresh_token')
    const session = await call(server, 'GET', `/oauth/token/${body.access_token}`, {
      token: body.access_token,
    })
    expect(session.body.owner.mention_name).toBe('alice')
    expect(await works(server, body.access_token)).toBe(200)
    expect(await later(year * 1000, () => works(server, body.access_token))).toBe(401)
  })

  it('is made with a token of the same user, and has no more rights', async () => {
    const { server } = await startConsent()
    const token = await server.createToken({ user: 'alice', scopes: ['view_group', 'view_room'] })
    const personal = (more: object = {}) =>
      grant(server, { grant_type: 'personal', ...more }, { authorization: `Bearer ${token}` })
    expect((await personal()).body.scope).toBe('view_group view_room')
    expect(outcome(await personal({ scope: 'send_message' }))).toEqual([
      400,
      'The scope send_message was not granted to this user',
      'invalid_scope',
    ])
  })

  it('is not made without signing in, nor by an add-on or a room', async () => {
    const { server, client } = await startConsent()
    const personal = (token?: string) =>
      grant(
        server,
        { grant_type: 'personal' },
        token === undefined ? {} : { authorization: `Bearer ${token}` },
      )
    const words = [403, 'Only users can create these tokens, with a password or a token of their own']
    expect(refusal(await personal())).toEqual([400, 'username and password are required'])
    expect(refusal(await personal('nonsense'))).toEqual([401, 'Invalid OAuth session'])
    expect(refusal(await personal(await accessToken(server, client)))).toEqual(words)
    expect(refusal(await personal(await server.createToken({ room: 'Lobby' })))).toEqual(words)
    const lent = await exchangeCode(server, client, { code: await codeFor(server, client.oauthId) })
    expect(refusal(await personal(lent.body.access_token))).toEqual(words)
  })
})

describe("a room's notification token", () => {
  const make = (server: HipChatServer, token: string, more: object = {}) =>
    grant(
      server,
      { grant_type: 'room_notification', room_id: 'Lobby', ...more },
      { authorization: `Bearer ${token}` },
    )

  it('is made by a person who runs the room, and sends only to that room', async () => {
    const { server } = await startConsent()
    const { status, body } = await make(server, server.adminToken, { client_name: 'Build' })
    expect([status, body.scope, body.expires_in]).toEqual([200, 'send_notification', year])
    const send = async (room: string) =>
      (
        await call(server, 'POST', `/room/${room}/notification`, {
          token: body.access_token,
          json: { message: 'x' },
        })
      ).status
    expect(await send('Lobby')).toBe(204)
    expect(await send('Workshop')).toBe(403)
    expect(server.history('Lobby')).toMatchObject([{ from: { name: 'Build' } }])
  })

  it('may have more than the scope for notifications, if its maker has', async () => {
    const { server } = await startConsent()
    const { body } = await make(server, server.adminToken, {
      room_id: 1,
      scope: 'send_notification view_room',
    })
    expect(body.scope).toBe('send_notification view_room')
    const token = body.access_token
    const session = await call(server, 'GET', `/oauth/token/${token}`, { token })
    expect(session.body).toMatchObject({
      scopes: ['send_notification', 'view_room'],
      client: { room: { name: 'Lobby' } },
    })
  })

  it('is refused to others, for unknown rooms, and without a room', async () => {
    const { server } = await startConsent()
    const alice = await server.createToken({ user: 'alice' })
    const narrow = await server.createToken({ user: 'admin', scopes: ['send_notification'] })
    expect(refusal(await make(server, alice))).toEqual([
      403,
      'Only administrators of the room and of the group may do this',
    ])
    expect(refusal(await make(server, narrow))).toEqual([403, 'This grant requires the scope admin_room'])
    expect(refusal(await make(server, alice, { room_id: 'nowhere' }))).toEqual([
      404,
      'Room nowhere not found',
    ])
    expect(refusal(await make(server, alice, { room_id: undefined }))).toEqual([400, 'room_id is required'])
  })
})
