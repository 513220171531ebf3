import { expect, test } from 'vitest'
import { deliveryBody, eventNames } from '../../src/api/events.ts'
import { installable } from '../../src/api/installable.ts'
import { startTarget as startAttackTarget } from '../attack/target.ts'
import { fc } from '../properties/runs.ts'
import { jwt } from '../support.ts'
import { campaign, type Target, timeout } from './campaign.ts'
import { bodies, type FuzzRequest, methods, queries, segments } from './exchange.ts'
import { type Known, oddStrings, oddValues, valuesOf } from './values.ts'

test('an add-on answers thousands of random requests without a 5xx, and keeps working', {
  timeout,
}, async () => {
  const statuses = await campaign(startTarget)
  const all = new Set([...statuses.values()].flatMap((some) => [...some]))
  expect([...all], 'answers to requests, right and wrong').toEqual(
    expect.arrayContaining([200, 204, 400, 401, 404]),
  )
})

async function startTarget(): Promise<Target> {
  const target = await startAttackTarget({ metrics: true })
  const { world, oauthId, secret, roomId } = target
  const known: Known = {
    strings: [oauthId, 'Lobby', 'alice', 'hello', '/roll 2', 'board', 'status', 'hook', 'UTC'],
    numbers: [roomId, 1, 2, 3],
    parameters: {},
    members: {
      oauth_client_id: [oauthId],
      oauthId: [oauthId, 'another'],
      capabilitiesUrl: [`${world.server.apiUrl}/capabilities`, `${world.url}/`],
      roomId: [roomId, 2],
      groupId: [1],
    },
  }
  return {
    origin: world.url,
    requests: requestsOf(known, oauthId, signedRequests(oauthId, secret, roomId)),
    check(_, { headers, text }) {
      expect(
        [secret, world.server.adminToken].filter((one) => text.includes(one)).length,
        'secrets in the answer',
      ).toBe(0)
      if (headers['content-type']?.includes('html'))
        expect(headers['content-security-policy'], 'a page has a policy').toBeDefined()
    },
    async stillWorks() {
      await world.addon.idle()
      const genuine = await target.deliver(target.valid())
      expect(genuine.status, 'the next genuine delivery').toBe(204)
    },
    close: () => world.addon.close(),
  }
}

/** Signed requests: mostly valid ones, some with invalid claims, some without a JWT at all. */
function signedRequests(oauthId: string, secret: string, roomId: number): fc.Arbitrary<string> {
  const now = Math.floor(Date.now() / 1000)
  const fitting = fc.record(
    {
      iss: fc.constant(oauthId),
      iat: fc.constantFrom(now, now - 30, now + 30),
      exp: fc.constantFrom(now + 60, now + 3600),
      jti: fc.uuid(),
      sub: fc.constantFrom('1', '2', 2, '3'),
      context: fc.constantFrom<unknown>(
        { room_id: roomId },
        { room_id: 2 },
        { room_id: String(roomId) },
        {},
        null,
      ),
    },
    { requiredKeys: ['iss', 'iat', 'exp', 'jti'] },
  )
  const odd = fc.record(
    {
      iss: oddValues,
      iat: oddValues,
      exp: oddValues,
      nbf: oddValues,
      jti: oddValues,
      sub: oddValues,
      prn: oddValues,
      context: oddValues,
    },
    { requiredKeys: [] },
  )
  const claims = fc.oneof(
    { weight: 4, arbitrary: fitting },
    { weight: 1, arbitrary: fc.tuple(fitting, odd).map(([right, wrong]) => ({ ...right, ...wrong })) },
  )
  const header = fc.oneof(
    { weight: 12, arbitrary: fc.constant<object>({ alg: 'HS256', typ: 'JWT' }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<object>({ alg: 'none' }, { alg: 'HS512' }, { alg: 'RS256' }, {}, [], {
        alg: {},
      }),
    },
  )
  const key = fc.oneof(
    { weight: 12, arbitrary: fc.constant(secret) },
    { weight: 1, arbitrary: fc.constantFrom('', 'x', oauthId) },
  )
  return fc.oneof(
    { weight: 12, arbitrary: fc.tuple(header, claims, key).map(([head, said, by]) => jwt(head, said, by)) },
    { weight: 1, arbitrary: fc.constantFrom('', 'a.b', 'a.b.c', '..', 'e30.e30.', 'x'.repeat(5000)) },
  )
}

const unsigned = 'unsigned removals of an existing installation'

function requestsOf(known: Known, oauthId: string, tokens: fc.Arbitrary<string>): fc.Arbitrary<FuzzRequest> {
  const json = 'application/json'
  const form = 'application/x-www-form-urlencoded'
  const events = fc.oneof(...eventNames.map((name) => valuesOf(deliveryBody(name), known)))
  const fields = fc.dictionary(
    fc.constantFrom('channel', 'settings-session', '__proto__', 'x'),
    fc.constantFrom(...oddStrings),
  )
  const nothing = fc.constant(undefined)
  const routes: readonly [
    name: string,
    method: string,
    path: fc.Arbitrary<string>,
    body: ReturnType<typeof bodies> | typeof nothing,
  ][] = [
    [
      'deliveries',
      'POST',
      fc.constantFrom('/webhook/hook', '/webhook/notifications', '/webhook/gone'),
      bodies(events, json),
    ],
    [
      'installations',
      'POST',
      fc.constantFrom('/installable', '/installable/updated'),
      bodies(valuesOf(installable, known), json),
    ],
    ['removals', 'DELETE', segments(['another', ...oddStrings]).map((id) => `/installable/${id}`), nothing],
    [unsigned, 'DELETE', fc.constant(`/installable/${oauthId}`), nothing], // signed, it may succeed
    ['glances', 'GET', fc.constantFrom('/glance/status', '/glance/gone'), nothing],
    ['pages', 'GET', fc.constantFrom('/page/board', '/page/gone', '/configure', '/admin'), nothing],
    ['settings', 'POST', fc.constantFrom('/configure'), bodies(fields, form)],
    ['the author’s own routes', 'GET', fc.constantFrom('/own', '/nothing'), nothing],
    ['descriptor', 'GET', fc.constantFrom('/', '/atlassian-connect.json'), nothing],
    ['operation', 'GET', fc.constantFrom('/healthz', '/readyz', '/metrics'), nothing],
    ['files', 'GET', segments(['icon.png', ...known.strings]).map((name) => `/icon/${name}`), nothing],
    [
      'anything',
      'GET',
      fc.array(segments(known.strings), { maxLength: 4 }).map((all) => `/${all.join('/')}`),
      nothing,
    ],
  ]
  return fc.oneof(
    ...routes.map(([to, method, paths, body]) =>
      fc
        .record({
          method: methods(method),
          path: paths,
          query: queries({
            theme: fc.constantFrom('light', 'dark', ...oddStrings),
            q: fc.constantFrom(...oddStrings),
          }),
          token: tokens,
          place:
            to === unsigned
              ? fc.constant('none')
              : fc.constantFrom('header', 'header', 'query', 'session', 'none'),
          accept: fc.constantFrom(undefined, 'text/html', 'application/json', '*/*', ';;;'),
          body,
        })
        .map(({ method: sent, path, query, token, place, accept, body: content }) => ({
          to,
          method: sent,
          path:
            path +
            query +
            (place === 'query'
              ? `${query === '' ? '?' : '&'}signed_request=${encodeURIComponent(token)}`
              : ''),
          headers: {
            ...(place === 'header' ? { authorization: `JWT ${token}` } : {}),
            ...(place === 'session' ? { authorization: `Bearer ${token}` } : {}),
            ...(accept === undefined ? {} : { accept }),
            ...(content?.type === undefined ? {} : { 'content-type': content.type }),
            ...(content?.body === undefined ? {} : { 'content-length': String(content.body.length) }),
          },
          body: content?.body,
        })),
    ),
  )
}
