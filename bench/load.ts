/**
 * One load on one peer, in its own process so that it can have its own core: signed deliveries over 32
 * connections. Prints the result as JSON.
 */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import autocannon from 'autocannon'
import { installed } from './rows/installed.mjs'

export interface Load {
  readonly url: string
  readonly path: string
  readonly scheme: 'jwt' | 'github' | 'slack' | 'body'
  readonly secret: string
  readonly seconds: number
}

const connections = 32

/** A `room_message` of about a kilobyte. */
const message = JSON.stringify({
  event: 'room_message',
  webhook_id: 1,
  oauth_client_id: installed.oauthId,
  item: {
    room: {
      id: 1,
      name: 'Lobby',
      is_archived: false,
      privacy: 'public',
      version: 'Q7M2ZK0D',
      links: { self: 'https://chat.example.net/v2/room/1' },
    },
    message: {
      id: '0c5d3f9e-41d7-4c0e-8f0b-6a1f3f2f7a55',
      date: '2017-03-01T10:15:07.204518+00:00',
      from: {
        id: 2,
        name: 'Ines Brandt',
        mention_name: 'Ines',
        links: { self: 'https://chat.example.net/v2/user/2' },
      },
      mentions: [],
      message: 'x'.repeat(500),
      type: 'message',
    },
  },
})

const push = JSON.stringify({
  ref: 'refs/heads/main',
  repository: { id: 1, full_name: 'a/b' },
  installation: { id: 1 },
  x: 'x'.repeat(900),
})

const slackEvent = JSON.stringify({
  type: 'event_callback',
  team_id: 'T1',
  api_app_id: 'A1',
  event_id: 'E1',
  event_time: 1,
  authorizations: [{ team_id: 'T1', user_id: 'U1', is_bot: true }],
  event: { type: 'message', channel: 'C1', user: 'U2', text: 'x'.repeat(700), ts: '1.1' },
})

/** Tokens signed beforehand: each is valid for one delivery. */
function tokens(secret: string, count: number): string[] {
  const key = createSecretKey(Buffer.from(secret))
  const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const header = base64({ alg: 'HS256', typ: 'JWT' })
  const now = Math.floor(Date.now() / 1000)
  return Array.from({ length: count }, () => {
    const claims = {
      iss: installed.oauthId,
      sub: '2',
      iat: now,
      exp: now + 3600,
      jti: randomBytes(10).toString('hex'),
      context: { room_id: 1 },
    }
    const signed = `${header}.${base64(claims)}`
    return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
  })
}

function requestOf({ path, scheme, secret, seconds }: Load): autocannon.Request {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  const hmac = (text: string): string => createHmac('sha256', secret).update(text).digest('hex')
  switch (scheme) {
    case 'jwt': {
      const supply = tokens(secret, seconds * 40_000)
      return {
        method: 'POST',
        path,
        body: message,
        setupRequest: (request) => ({
          ...request,
          headers: { ...headers, authorization: `JWT ${supply.pop() ?? ''}` },
        }),
      }
    }
    case 'github':
      return {
        method: 'POST',
        path,
        body: push,
        headers: {
          ...headers,
          'x-github-event': 'push',
          'x-github-delivery': 'd1',
          'x-hub-signature-256': `sha256=${hmac(push)}`,
        },
      }
    case 'slack': {
      const timestamp = String(Math.floor(Date.now() / 1000))
      return {
        method: 'POST',
        path,
        body: slackEvent,
        headers: {
          ...headers,
          'x-slack-request-timestamp': timestamp,
          'x-slack-signature': `v0=${hmac(`v0:${timestamp}:${slackEvent}`)}`,
        },
      }
    }
    case 'body':
      return { method: 'POST', path, body: message, headers }
  }
}

const load = JSON.parse(process.argv[2] ?? '{}') as Load // written by run.ts
const result = await autocannon({
  url: load.url,
  connections,
  duration: load.seconds,
  requests: [requestOf(load)],
})
console.log(
  JSON.stringify({
    perSecond: result.requests.average,
    p50: result.latency.p50,
    p99: result.latency.p99,
    refused: result.non2xx + result.errors,
    requests: result.requests.total,
  }),
)
