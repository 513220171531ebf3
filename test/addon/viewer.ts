import { type Addon, createAddon } from '../../src/index.ts'
import { sign, startWorld, type TestAddon, testOptions, type WorldOptions } from '../support.ts'

/** An installed add-on with modules, and a person who looks at them. */
export async function startShowing(
  register: (addon: TestAddon) => void,
  { room = 'Lobby', ...options }: WorldOptions & { room?: string | 'everywhere' } = {},
) {
  const world = await startWorld(register, options)
  const { installation, secret } = await world.install(room)
  const { oauthId } = installation
  const token = (claims: Record<string, unknown> = {}) =>
    sign(oauthId, secret, { sub: '2', context: { room_id: 1, user_tz: 'Europe/Berlin' }, ...claims })
  return {
    ...world,
    installation,
    oauthId,
    secret,
    token,
    /** Opens a path as the server's page does; `signed` can be another token, or no token. */
    async open(path: string, init: RequestInit = {}, signed: string | undefined = token()) {
      const mark = path.includes('?') ? '&' : '?'
      const url = signed === undefined ? path : `${path}${mark}signed_request=${signed}`
      const answer = await fetch(world.url + url, { redirect: 'manual', ...init })
      return { status: answer.status, headers: answer.headers, text: await answer.text() }
    },
  }
}

/** The session token of a page. */
export const sessionTokenIn = (text: string): string =>
  /<meta name="session-token" content="([^"]+)">/.exec(text)?.[1] ?? ''

/** An add-on that is neither installed nor listening, for registrations that are refused. */
export const idle = (): Addon =>
  createAddon({ ...testOptions, store: 'memory:', baseUrl: 'http://localhost:8080' }) as unknown as Addon // its scopes do not matter
