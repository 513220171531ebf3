import { afterEach, describe, expect, it, vi } from 'vitest'
import { html, type PageContext } from '../../../src/index.ts'
import { delivered, jwt, sign } from '../../support.ts'
import { sessionTokenIn, startShowing } from '../viewer.ts'

afterEach(() => void vi.useRealTimers())

/** Changes only the clock: timers continue. */
const setClock = (seconds: number) => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(seconds * 1000)
}

const now = (): number => Math.floor(Date.now() / 1000)

/** An add-on with a panel, a route of its own that the panel calls, and a webhook. */
async function calling(room: string | 'everywhere' = 'Lobby') {
  const contexts: PageContext<never, never>[] = []
  let handled = 0
  const world = await startShowing(
    (addon) => {
      addon.webPanel({ key: 'board', name: 'Board' }, () => html`<p>x</p>`)
      addon.webhook('room_message', { key: 'hook' }, () => {
        handled += 1
      })
      addon.router.get('/own', async (ctx) => {
        contexts.push(await addon.session(ctx))
        ctx.body = 'fine'
      })
    },
    { room },
  )
  const session = sessionTokenIn((await world.open('/page/board?theme=dark')).text)
  return {
    ...world,
    /** The session token of the panel. */
    session,
    contexts,
    handled: () => handled,
    async call(authorization: string | undefined, query = '', more: Record<string, string> = {}) {
      const headers = { ...(authorization === undefined ? {} : { authorization }), ...more }
      const answer = await fetch(`${world.url}/own${query}`, { headers })
      return { status: answer.status, headers: answer.headers, text: await answer.text() }
    },
  }
}

describe('a page’s call to an author’s route', () => {
  it('is authenticated by the page’s session token', async () => {
    const { call, session, contexts, installation } = await calling()
    expect((await call(`Bearer ${session}`)).text).toBe('fine')
    expect(contexts[0]).toMatchObject({
      installation: { oauthId: installation.oauthId },
      user: { id: 2, timezone: 'Europe/Berlin' },
      room: { id: 1 },
      theme: 'dark',
      module: 'board',
    })
    await contexts[0]?.store.set('a', 1)
    expect(await contexts[0]?.store.get('a')).toBe(1)
  })

  it('is authenticated by the token of HipChat.auth.withToken', async () => {
    const { call, token, contexts } = await calling()
    const { status, headers } = await call(`JWT ${token()}`)
    expect([status, contexts[0]?.user, contexts[0]?.module]).toEqual([
      200,
      { id: 2, timezone: 'Europe/Berlin' },
      '',
    ])
    // That page has no session token yet.
    const next = headers.get('session-token') ?? ''
    expect((await call(`Bearer ${next}`)).status).toBe(200)
  })

  it('of a page about one room is about that room, also in a global installation', async () => {
    const { call, session, contexts } = await calling('everywhere')
    await call(`Bearer ${session}`)
    expect(contexts[0]?.room?.id).toBe(1)
  })

  it('gets a new token when less than half the hour is left, for a day', async () => {
    const { call, session } = await calling()
    const opened = now()
    setClock(opened + 29 * 60)
    expect((await call(`Bearer ${session}`)).headers.get('session-token')).toBeNull()
    setClock(opened + 31 * 60)
    let token = (await call(`Bearer ${session}`)).headers.get('session-token') ?? ''
    setClock(opened + 85 * 60)
    expect((await call(`Bearer ${session}`)).status).toBe(401)
    let hours = 0
    for (let minutes = 85; minutes < 30 * 60; minutes += 40) {
      setClock(opened + minutes * 60)
      const { status, headers } = await call(`Bearer ${token}`)
      if (status !== 200) break
      hours = minutes / 60
      token = headers.get('session-token') ?? token
    }
    expect(hours).toBeGreaterThan(23)
    expect(hours).toBeLessThan(24.1)
  })

  it('gets an answer in JSON or as text when its session has expired', async () => {
    const { call, session } = await calling()
    setClock(now() + 3700)
    const json = await call(`Bearer ${session}`, '', { accept: 'application/json' })
    expect([json.status, JSON.parse(json.text)]).toEqual([
      401,
      {
        error: { code: 'expired', message: 'The session of this page has expired: open the page again.' },
      },
    ])
    const text = await call(`Bearer ${session}`, '', { accept: 'text/plain' })
    expect([text.status, text.text]).toEqual([
      401,
      'The session of this page has expired: open the page again.',
    ])
  })
})

describe('a call without a valid session', () => {
  type World = Awaited<ReturnType<typeof calling>>
  const claims = (oauthId: string) => ({
    iss: oauthId,
    sub: '2',
    room: 1,
    page: 'board',
    iat: now(),
    exp: now() + 60,
  })

  it.each<[string, (world: World) => Promise<[authorization: string | undefined, query?: string]>]>([
    ['with no token', async () => [undefined]],
    ['with an empty token', async () => ['Bearer ']],
    [
      'with a token in the query',
      async ({ session }) => [undefined, `?session=${session}&signed_request=${session}`],
    ],
    ['with a signed request in the query', async ({ token }) => [undefined, `?signed_request=${token()}`]],
    [
      'with one in the header and another in the query',
      async ({ token }) => [`JWT ${token()}`, `?signed_request=${token()}`],
    ],
    [
      'with a session token, and a signed request in the query',
      async ({ session, token }) => [`Bearer ${session}`, `?signed_request=${token()}`],
    ],
    ['with a signed request for a session token', async ({ token }) => [`Bearer ${token()}`]],
    ['with a session token for a signed request', async ({ session }) => [`JWT ${session}`]],
    [
      'with the claims of a session, signed with the secret itself',
      async ({ oauthId, secret }) => [`Bearer ${jwt({ alg: 'HS256' }, claims(oauthId), secret)}`],
    ],
    [
      'with the algorithm none',
      async ({ oauthId }) => [`Bearer ${jwt({ alg: 'none' }, claims(oauthId), '')}`],
    ],
    ['with a session token cut short', async ({ session }) => [`Bearer ${session.slice(0, -3)}`]],
    [
      'with the claims of another, under its signature',
      async ({ session }) => {
        const [head, body = '', signature] = session.split('.')
        const other = { ...JSON.parse(Buffer.from(body, 'base64url').toString()), sub: '3' }
        return [`Bearer ${head}.${Buffer.from(JSON.stringify(other)).toString('base64url')}.${signature}`]
      },
    ],
    [
      'of an installation that was removed',
      async ({ session, admin, server, oauthId }) => {
        await admin.uninstallAddon({ addon_key_or_id: 'com.example.test', installable_id: oauthId })
        await server.idle()
        return [`Bearer ${session}`]
      },
    ],
    ['with a token that is too long', async () => [`Bearer ${'x'.repeat(5000)}`]],
  ])('%s is refused', async (_, give) => {
    const world = await calling()
    const { status, headers, text } = await world.call(...(await give(world)))
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toBe('JWT')
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'unauthorized' } })
    expect(world.contexts).toEqual([])
  })
})

describe('a session token', () => {
  it('does not open a page, a glance or a webhook', async () => {
    const { open, session, oauthId, url, handled } = await calling()
    expect((await open('/page/board', {}, session)).status).toBe(401)
    expect((await open('/glance/x', {}, session)).status).toBe(401)
    const answer = await fetch(`${url}/webhook/hook`, {
      method: 'POST',
      headers: { authorization: `JWT ${session}` },
      body: JSON.stringify(delivered(oauthId, 1, 'hello')),
    })
    expect([answer.status, handled()]).toEqual([401, 0])
  })

  it('of one installation is not valid for another one, or for another room', async () => {
    const { session, call, install, contexts } = await calling()
    const other = await install('Workshop')
    const [, body = ''] = session.split('.')
    const moved = {
      ...JSON.parse(Buffer.from(body, 'base64url').toString()),
      iss: other.installation.oauthId,
    }
    const [head, , signature] = session.split('.')
    const forged = `${head}.${Buffer.from(JSON.stringify(moved)).toString('base64url')}.${signature}`
    expect((await call(`Bearer ${forged}`)).status).toBe(401)
    const foreign = sign(other.installation.oauthId, other.secret, { context: { room_id: 1 } })
    expect((await call(`JWT ${foreign}`)).status).toBe(401)
    expect(contexts).toEqual([])
  })

  it('that was signed for another room than the installation’s is refused', async () => {
    const { open, token } = await calling()
    expect((await open('/page/board', {}, token({ context: { room_id: 2 } }))).status).toBe(401)
  })
})
