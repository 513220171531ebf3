import { expect, test } from 'vitest'
import { errorAnswer } from '../../src/api/error-answer.ts'
import { type Operation, parameterNames, type TokenKind } from '../../src/api/operation.ts'
import { operations } from '../../src/api/operations/index.ts'
import { validate } from '../../src/common/validate.ts'
import { administration } from '../../src/server/admin/routes.ts'
import { pageApi } from '../../src/server/chat-page/routes.ts'
import { startServerTarget } from '../attack/server-target.ts'
import { fc } from '../properties/runs.ts'
import { accessToken, adminCall, call, declare, installOverHttp } from '../server/support.ts'
import { campaign, type Target, timeout } from './campaign.ts'
import { bodies, type FuzzRequest, methods, queries, segments } from './exchange.ts'
import { type Known, membersOf, oddStrings, valuesOf } from './values.ts'

const tables = { '/v2': operations, '/admin': administration, '/page': pageApi } as const

/** One pixel, in base64. */
const picture =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='

const addonScopes = [
  'send_notification',
  'view_room',
  'admin_room',
  'view_messages',
  'view_group',
  'send_message',
]

const contentTypes = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  'multipart/related': 'multipart/related; boundary=fuzz',
  text: 'text/plain',
} as const

test('the server answers thousands of random requests without a 5xx, and keeps working', {
  timeout,
}, async () => {
  const statuses = await campaign(startTarget)
  const all = new Set([...statuses.values()].flatMap((some) => [...some]))
  expect([...all], 'answers to requests, right and wrong').toEqual(
    expect.arrayContaining([200, 204, 400, 401, 403, 404]),
  )
})

/** Tokens by the kind of their owner, and of add-ons with credentials. */
interface Callers {
  readonly page: readonly string[]
  readonly tokens: Readonly<Record<Exclude<TokenKind, 'basic'>, readonly string[]>>
  readonly basic: readonly string[]
}

async function startTarget(): Promise<Target> {
  const { server, addon, installation, tokens } = await startServerTarget({ checkResponses: true })
  declare(addon, { hipchatApiConsumer: { scopes: addonScopes } })
  const everywhere = await installOverHttp(server, addon)
  const welcome = await call(server, 'GET', `${server.url}/page/welcome`)
  const session = async (mentionName: string): Promise<string> => {
    const { id } = welcome.body.users.find(
      (one: { mention_name: string }) => one.mention_name === mentionName,
    )
    return (await call(server, 'POST', `${server.url}/page/session`, { json: { user_id: id } })).body.token
  }
  const persons = [server.adminToken, server.adminToken, tokens.bob, tokens.carol, tokens.viewing]
  const callers: Callers = {
    page: [await session('admin'), await session('bob')],
    tokens: {
      user: persons,
      personal: persons,
      addon_group: [await accessToken(server, everywhere)],
      addon_room: [tokens.addon],
      room_notification: [tokens.lobby],
    },
    basic: [installation, everywhere].map(({ oauthId, oauthSecret }) =>
      Buffer.from(`${oauthId}:${oauthSecret}`).toString('base64'),
    ),
  }
  for (const room of ['Lobby', 'Back office'])
    await adminCall(server, 'POST', `/room/${room}/webhook`, {
      json: { url: `${addon.url}/hook`, event: 'room_message', key: 'fuzz' },
    })
  await server.say('Lobby', 'alice', 'hello @bob')
  const said = server.history('Lobby').map(({ id }) => id)
  const known: Known = {
    strings: [
      'Lobby',
      'Workshop',
      'Back office',
      'alice',
      '@bob',
      'carol',
      'alice@example.com',
      installation.oauthId,
      everywhere.oauthId,
      'com.example.dice',
      `${addon.url}/descriptor`,
      `${addon.url}/hook`,
      '/roll',
      'hello @alice',
      '2017-03-01T10:15:07+00:00',
      'UTC',
    ],
    numbers: [1, 2, 3, 4],
    parameters: {
      id_or_name: ['Lobby', 'Workshop', 'Back office', '1', '2', '3', '03'],
      room_id: ['1', '2', '3', '99'],
      id_or_email: ['alice', '@bob', '2', '3', '4', 'alice@example.com', '002'],
      group_id: ['1', '2'],
      size: ['small', 'big'],
      webhook_id: ['1', '2', '3'],
      id: ['1', '2', '3', installation.oauthId],
      oauth_id: [installation.oauthId, everywhere.oauthId],
      oauthId: [installation.oauthId, everywhere.oauthId],
      addon_key_or_id: ['com.example.dice', installation.oauthId],
      installable_id: ['1', 'x'], // a real one is a secret
      access_token: ['x'],
      message_id: said,
      key: ['fuzz', 'status'],
      emoticon_id_or_shortcut: ['1', 'yey', 'thumbsup'],
    },
    members: {
      url: [`${addon.url}/hook`, `${addon.url}/descriptor`],
      avatar: [picture, `data:image/png;base64,${picture}`],
      photo: [picture],
      email: ['dave@example.com', 'erin@example.com'],
      mention_name: ['dave', 'erin'],
      timezone: ['UTC', 'Europe/Berlin'],
      key: ['fuzz', 'status'],
      room_id: [1, 2, 3],
      parentMessageId: said,
      pattern: ['^/roll', 'hello'],
      date: ['2100-01-01T00:00:00Z', 'recent'],
      expand: ['items', 'items.owner'],
      grant_type: [
        'client_credentials',
        'client_credentials',
        'personal',
        'password',
        'refresh_token',
        'authorization_code',
        'room_notification',
      ],
      scope: ['send_notification', 'view_room', 'send_notification view_room'],
    },
  }
  const secrets = [...bearersOf(callers), installation.oauthSecret, everywhere.oauthSecret]

  return {
    origin: server.url,
    requests: requestsOf(known, callers),
    check({ path }, { status, headers, text }) {
      // An administrator may request the secret of an installation: there it is the answer.
      if (!/\/secret\b/.test(path))
        expect(secrets.filter((secret) => text.includes(secret)).length, 'secrets in the answer').toBe(0)
      const type = headers['content-type'] ?? ''
      if (status >= 400 && text !== '' && type.includes('json'))
        expect(validate(errorAnswer, JSON.parse(text)), text).toMatchObject({ ok: true })
      if (type.includes('html'))
        expect(headers['content-security-policy'], 'a page has a policy').toBeDefined()
    },
    close: () => server.close(),
    async stillWorks() {
      await server.idle()
      const answer = await call(server, 'GET', '/capabilities')
      expect(answer.status).toBe(200)
      const again = await call(server, 'GET', '/room', { token: server.adminToken })
      expect([200, 401]).toContain(again.status) // 401: a request ended the token
    },
  }
}

const bearersOf = ({ page, tokens }: Callers): string[] => [...page, ...Object.values(tokens).flat()]

/** Requests to all operations of all tables, and to other paths. */
function requestsOf(known: Known, callers: Callers): fc.Arbitrary<FuzzRequest> {
  const all = Object.entries(tables).flatMap(([base, table]) =>
    Object.entries<Operation>(table).map(([id, operation]) =>
      requestsTo(id, base, operation, known, callers),
    ),
  )
  return fc.oneof(
    { weight: 15, arbitrary: fc.oneof(...all) },
    { weight: 1, arbitrary: elsewhere(known, bearersOf(callers)) },
  )
}

function requestsTo(
  to: string,
  base: string,
  operation: Operation,
  known: Known,
  callers: Callers,
): fc.Arbitrary<FuzzRequest> {
  const { body, query = {} } = operation
  const parameters = parameterNames(operation.path)
  const values = Object.fromEntries(
    Object.entries(query).map(([name, schema]) => [name, membersOf(name, schema, known)]),
  )
  return fc
    .record({
      method: methods(operation.method),
      parts: fc.tuple(...parameters.map((name) => segments(known.parameters[name] ?? known.strings))),
      query: queries(values),
      authorization: authorizations(base, operation, callers),
      body: body ? bodies(valuesOf(body.schema, known), contentTypes[body.type]) : fc.constant(undefined),
    })
    .map(({ method, parts, query, authorization, body: sent }) => ({
      to,
      method,
      path:
        base +
        parameters.reduce(
          (path, name, index) => path.replace(`{${name}}`, () => parts[index] ?? ''),
          operation.path as string,
        ) +
        query,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(sent?.type === undefined ? {} : { 'content-type': sent.type }),
        ...(sent?.body === undefined ? {} : { 'content-length': String(sent.body.length) }),
      },
      body: sent?.body,
    }))
}

/** Mostly callers who may call the operation, then anybody else, then nobody. */
function authorizations(base: string, { tokens }: Operation, callers: Callers) {
  const may =
    base === '/page' ? callers.page : tokens.flatMap((kind) => (kind === 'basic' ? [] : callers.tokens[kind]))
  const right = tokens.includes('basic')
    ? callers.basic.map((pair) => `Basic ${pair}`)
    : may.map((token) => `Bearer ${token}`)
  const others = bearersOf(callers).map((token) => `Bearer ${token}`)
  const wrong = [
    undefined,
    '',
    'Bearer',
    'Bearer x',
    'Basic',
    'Basic %%%',
    'Basic OnM=',
    'JWT a.b.c',
    `Bearer ${'x'.repeat(3000)}`,
  ]
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...(right.length === 0 ? [undefined] : right)) },
    { weight: 2, arbitrary: fc.constantFrom(...others) },
    { weight: 1, arbitrary: fc.constantFrom(...wrong) },
  )
}

/** Paths without an operation: pages, files, pictures, consent, and missing ones. */
const elsewhere = (known: Known, bearers: readonly string[]): fc.Arbitrary<FuzzRequest> =>
  fc
    .record({
      method: methods('GET'),
      path: fc.oneof(
        fc.constantFrom(
          '/',
          '/chat',
          '/chat/inspector',
          '/users/authorize',
          '/atlassian-connect/all.js',
          '/v2/openapi.json',
          '/v2',
          '/v3/room',
          '/favicon.ico',
          '/assets/../../package.json',
          '/licences.txt',
        ),
        fc
          .tuple(
            fc.constantFrom('/', '/files/', '/avatars/', '/v2/room/', '/chat/room/'),
            segments(known.strings),
          )
          .map(([base, segment]) => base + segment),
      ),
      query: queries({
        client_id: fc.constantFrom(...known.strings),
        response_type: fc.constant('code'),
        redirect_uri: fc.constantFrom(...oddStrings, ...known.strings),
        scope: fc.constantFrom(...oddStrings),
        auth_token: fc.constantFrom('', 'x', ...bearers),
      }),
      form: fc.option(
        fc.dictionary(
          fc.constantFrom('username', 'request', 'decision', 'x'),
          fc.constantFrom(...oddStrings),
        ),
        { nil: undefined },
      ),
    })
    .map(({ method, path, query, form }) => ({
      to: 'a page or nothing',
      method: form === undefined ? method : 'POST',
      path: path + query,
      headers: form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' },
      body: form === undefined ? undefined : Buffer.from(new URLSearchParams(form).toString()),
    }))
