import { describe, expect, it } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { planted } from '../../leaks/planted.ts'
import {
  authorizeUrl,
  codeFor,
  exchangeCode,
  formOf,
  installConsenting,
  password,
  redirectOf,
  redirectUri,
  startConsent,
  submit,
  visit,
} from '../consent-support.ts'
import { accessToken, adminCall, call, startAddon, tokenCall } from '../support.ts'
import { badCode, badRefresh, grant, later, outcome, works, year } from './grants.support.ts'

describe('an authorization code', () => {
  it('is exchanged for a token that acts as the user, through the add-on', async () => {
    const { server, client } = await startConsent({ tokenLifetime: 600 })
    const code = await codeFor(server, client.oauthId, { scope: 'send_message view_group' })
    const { status, body, headers } = await exchangeCode(server, client, { code })
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect(body).toEqual({
      access_token: expect.stringMatching(/^\w{40}$/),
      token_type: 'bearer',
      expires_in: 600,
      scope: 'send_message view_group',
      group_id: 1,
      group_name: 'Example',
      refresh_token: expect.stringMatching(/^\w{40}$/),
    })
    const session = await call(server, 'GET', `/oauth/token/${body.access_token}`, {
      token: body.access_token,
    })
    expect(session.body).toMatchObject({
      scopes: ['send_message', 'view_group'],
      client: { id: client.oauthId, name: 'Dice' },
      owner: { mention_name: 'alice' },
      owner_type: 'user',
    })
    await call(server, 'POST', '/room/Lobby/message', { token: body.access_token, json: { message: 'hi' } })
    expect(server.history('Lobby')).toMatchObject([{ from: { mention_name: 'alice' }, message: 'hi' }])
    const sessions = await call(server, 'GET', '/session', { token: body.access_token })
    expect(sessions.body.items).toMatchObject([{ user: { mention_name: 'alice' }, client: { type: 'Dice' } }])
  })

  it('is accepted as JSON too, and with redirect_url for redirect_uri', async () => {
    const { server, client } = await startConsent()
    const authorization = `Basic ${btoa(`${client.oauthId}:${client.oauthSecret}`)}`
    const code = await codeFor(server, client.oauthId)
    const answer = await grant(
      server,
      { grant_type: 'authorization_code', code, redirect_url: redirectUri },
      { authorization },
    )
    expect(answer.status).toBe(200)
  })

  it('gives fewer scopes when fewer are requested, and never more than the user allowed', async () => {
    const { server, client } = await startConsent()
    const scope = 'view_group send_message'
    const more = await exchangeCode(server, client, {
      code: await codeFor(server, client.oauthId, { scope: 'view_group' }),
      scope,
    })
    expect(outcome(more)).toEqual([
      400,
      'The scope send_message was not granted to the code',
      'invalid_scope',
    ])
    const less = await exchangeCode(server, client, {
      code: await codeFor(server, client.oauthId, { scope }),
      scope: 'view_group',
    })
    expect(less.body.scope).toBe('view_group')
  })

  it('gives no scope for administrators to other users', async () => {
    const { server, client } = await startConsent()
    const { body } = await exchangeCode(server, client, { code: await codeFor(server, client.oauthId) })
    expect(body.scope).toBe('view_group send_message')
  })

  it('that is used again ends all tokens made from it', async () => {
    const { server, client } = await startConsent()
    const code = await codeFor(server, client.oauthId)
    const first = (await exchangeCode(server, client, { code })).body
    const other = (await exchangeCode(server, client, { code: await codeFor(server, client.oauthId) })).body
    const renewed = (await renew(server, client, first.refresh_token)).body
    expect(await works(server, renewed.access_token)).toBe(200)
    expect(outcome(await exchangeCode(server, client, { code }))).toEqual(badCode)
    expect(await works(server, first.access_token)).toBe(401)
    expect(await works(server, renewed.access_token)).toBe(401)
    expect(outcome(await renew(server, client, renewed.refresh_token))).toEqual(badRefresh)
    expect(await works(server, other.access_token)).toBe(200)
  })

  it('that two callers use at the same time works for neither', async () => {
    const { server, client } = await startConsent()
    const code = await codeFor(server, client.oauthId)
    const answers = await Promise.all([1, 2].map(() => exchangeCode(server, client, { code })))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400])
    const token = answers.find(({ status }) => status === 200)?.body.access_token
    expect(await works(server, token)).toBe(401)
  })

  it('works only for the client that it was issued to', async () => {
    const { server, client } = await startConsent()
    const thief = await startAddon()
    thief.descriptor = { ...thief.descriptor, key: 'com.example.thief' }
    const other = await installConsenting(server, thief)
    const code = await codeFor(server, client.oauthId)
    expect(outcome(await exchangeCode(server, other, { code }))).toEqual(badCode)
    expect((await exchangeCode(server, client, { code })).status).toBe(200)
  })

  it('requires the secret of its client', async () => {
    const { server, client } = await startConsent()
    const code = await codeFor(server, client.oauthId)
    expect(outcome(await exchangeCode(server, undefined, { code }))).toEqual([
      401,
      'Send the OAuth id and secret as Basic credentials',
      'invalid_client',
    ])
    expect(
      outcome(await exchangeCode(server, { ...client, oauthSecret: planted('a guess') }, { code })),
    ).toEqual([401, 'Unknown or removed OAuth client', 'invalid_client'])
  })

  it.each([
    ['another address', { redirect_uri: 'https://evil.example/' }],
    ['the address in other letters', { redirect_uri: redirectUri.toUpperCase() }],
  ])('is not exchanged with %s', async (_name, form) => {
    const { server, client } = await startConsent()
    const code = await codeFor(server, client.oauthId)
    expect(outcome(await exchangeCode(server, client, { code, ...form }))).toEqual([
      400,
      'redirect_uri is not the one that the code was requested with',
      'invalid_grant',
    ])
  })

  it('is exchanged without an address only when it was requested without one', async () => {
    const { server, client } = await startConsent()
    const without = async (code: string) => {
      const authorization = `Basic ${btoa(`${client.oauthId}:${client.oauthSecret}`)}`
      return (await grant(server, { grant_type: 'authorization_code', code }, { authorization })).status
    }
    expect(await without(await codeFor(server, client.oauthId))).toBe(400)
    expect(await without(await codeFor(server, client.oauthId, { redirect_uri: undefined }))).toBe(200)
    const named = await codeFor(server, client.oauthId, { redirect_uri: undefined })
    expect((await exchangeCode(server, client, { code: named })).status).toBe(200)
  })

  it('expires after five minutes', async () => {
    const { server, client } = await startConsent()
    const code = await codeFor(server, client.oauthId)
    const late = await later(5 * 60_000, () => exchangeCode(server, client, { code }))
    expect(outcome(late)).toEqual(badCode)
  })

  it('ends when its user is deleted, changes the password or loses the add-on', async () => {
    const { server, client } = await startConsent()
    const deleted = await codeFor(server, client.oauthId)
    await adminCall(server, 'PUT', '/user/@alice', { json: { password: planted('a new one') } })
    expect(outcome(await exchangeCode(server, client, { code: deleted }))).toEqual(badCode)
    await adminCall(server, 'PUT', '/user/@alice', { json: { password } })
    const code = await codeFor(server, client.oauthId)
    await adminCall(server, 'DELETE', '/user/@alice')
    expect(outcome(await exchangeCode(server, client, { code }))).toEqual([
      400,
      'The user no longer exists',
      'invalid_grant',
    ])
  })

  it('gives nothing that the add-on lost in an update meanwhile', async () => {
    const { server, addon, client } = await startConsent()
    const code = await codeFor(server, client.oauthId)
    await installConsenting(server, addon, {
      hipchatApiConsumer: { scopes: ['view_group'] },
      installable: { callbackUrl: `${addon.url}/installed`, updateCallbackUrl: `${addon.url}/updated` },
    })
    expect((await exchangeCode(server, client, { code })).body.scope).toBe('view_group')
  })

  it('is requested', async () => {
    const { server, client } = await startConsent()
    const { status, body } = await exchangeCode(server, client, {})
    expect([status, body.error.message, body.error.field]).toEqual([400, 'code is required', 'code'])
  })

  it('gives tokens that end with the installation', async () => {
    const { server, client } = await startConsent()
    const { body } = await exchangeCode(server, client, { code: await codeFor(server, client.oauthId) })
    await server.uninstall(client.oauthId)
    expect(await works(server, body.access_token)).toBe(401)
  })

  it('gives tokens whose webhooks belong to the user and not to the add-on', async () => {
    const { server } = await startConsent()
    const addon = await startAddon()
    addon.descriptor = { ...addon.descriptor, key: 'com.example.hooks' }
    const client = await installConsenting(server, addon, {
      hipchatApiConsumer: { scopes: ['admin_room', 'view_messages'] },
    })
    await adminCall(server, 'PUT', '/user/@alice', { json: { is_group_admin: true } })
    const { body } = await exchangeCode(server, client, { code: await codeFor(server, client.oauthId) })
    const json = { url: `${addon.url}/hook`, event: 'room_message' }
    const made = await call(server, 'POST', '/room/Lobby/webhook', { token: body.access_token, json })
    expect(made.body.authentication).toBe('none')
    const listed = async (token: string) =>
      (await call(server, 'GET', '/room/Lobby/webhook', { token })).body.items.length
    expect(await listed(body.access_token)).toBe(1)
    expect(await listed(await accessToken(server, client))).toBe(0)
  })
})

const renew = (
  server: HipChatServer,
  client: { oauthId: string; oauthSecret: string } | undefined,
  refresh_token: string,
  more: object = {},
) =>
  grant(
    server,
    { grant_type: 'refresh_token', refresh_token, ...more },
    client ? { authorization: `Basic ${btoa(`${client.oauthId}:${client.oauthSecret}`)}` } : {},
  )

describe('a refresh token', () => {
  async function allowed() {
    const { server, client } = await startConsent()
    const { body } = await exchangeCode(server, client, { code: await codeFor(server, client.oauthId) })
    return { server, client, refresh: body.refresh_token as string }
  }

  it('works once, for an access token and the next refresh token', async () => {
    const { server, client, refresh } = await allowed()
    const renewed = await renew(server, client, refresh)
    expect(await works(server, renewed.body.access_token)).toBe(200)
    expect(outcome(await renew(server, client, refresh))).toEqual(badRefresh)
    expect((await renew(server, client, renewed.body.refresh_token)).status).toBe(200)
  })

  it('used twice at the same time works once', async () => {
    const { server, client, refresh } = await allowed()
    const answers = await Promise.all([1, 2, 3].map(() => renew(server, client, refresh)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400, 400])
  })

  it('that an add-on holds works for this add-on only, and requires its secret', async () => {
    const { server, client, refresh } = await allowed()
    const thief = await startAddon()
    thief.descriptor = { ...thief.descriptor, key: 'com.example.thief' }
    const other = await installConsenting(server, thief)
    expect(outcome(await renew(server, other, refresh))).toEqual(badRefresh)
    expect(outcome(await renew(server, undefined, refresh))).toEqual([
      401,
      'Send the OAuth id and secret as Basic credentials',
      'invalid_client',
    ])
    expect((await renew(server, { ...client, oauthSecret: planted('a guess') }, refresh)).status).toBe(401)
    expect((await renew(server, client, refresh)).status).toBe(200)
  })

  it('gives fewer scopes when fewer are requested, keeps its own, and gives no more', async () => {
    const { server, client, refresh } = await allowed()
    const less = (await renew(server, client, refresh, { scope: 'view_group' })).body
    expect(less.scope).toBe('view_group')
    const again = (await renew(server, client, less.refresh_token)).body
    expect(again.scope).toBe('view_group send_message')
    expect(outcome(await renew(server, client, again.refresh_token, { scope: 'admin_group' }))).toEqual([
      400,
      'The scope admin_group was not granted to the refresh token',
      'invalid_scope',
    ])
  })

  it('gives no more than its user may still do', async () => {
    const { server, client } = await startConsent()
    const promote = (is_group_admin: boolean) =>
      adminCall(server, 'PUT', '/user/@alice', { json: { is_group_admin } })
    await promote(true)
    const { body } = await exchangeCode(server, client, { code: await codeFor(server, client.oauthId) })
    expect(body.scope).toContain('admin_group')
    await promote(false)
    expect((await renew(server, client, body.refresh_token)).body.scope).toBe('view_group send_message')
  })

  it('expires after a year', async () => {
    const { server, client, refresh } = await allowed()
    expect(outcome(await later(year * 1000, () => renew(server, client, refresh)))).toEqual(badRefresh)
  })

  it('ends with its session', async () => {
    const { server, client, refresh } = await allowed()
    const { body } = await renew(server, client, refresh)
    const token = body.access_token
    expect((await call(server, 'DELETE', `/oauth/token/${token}`, { token })).status).toBe(204)
    expect(outcome(await renew(server, client, body.refresh_token))).toEqual(badRefresh)
  })
})

it('client credentials accept no one else’s token, and the lifetime is an option', async () => {
  const { server, client } = await startConsent({ tokenLifetime: 28_800 })
  expect((await tokenCall(server, client)).body.expires_in).toBe(28_800)
  const bearer = await grant(
    server,
    { grant_type: 'client_credentials' },
    { authorization: `Bearer ${server.adminToken}` },
  )
  expect(outcome(bearer)).toEqual([
    401,
    'Send the OAuth id and secret as Basic credentials',
    'invalid_client',
  ])
})

it('the page accepts no code in its address', async () => {
  const { server, client } = await startConsent()
  const page = await visit(authorizeUrl(server, client.oauthId, { code: 'x', username: 'alice', password }))
  expect(page.status).toBe(200)
  expect(page.body).not.toContain(password)
  expect(redirectOf(await submit(server, { form: formOf(page) }))?.query['code']).not.toBe('x')
})
