import { pino } from 'pino'
import { createMemoryStore, type Store } from '../../src/store/index.ts'
import { delivered, sign, startWorld } from '../support.ts'

/** An installed add-on that counts the deliveries it handles, and functions that forge some. */
export async function target(allowGlobal = false, store: Store = createMemoryStore()) {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  let handled = 0
  const world = await startWorld(
    (addon) => {
      addon.webhook('room_message', { key: 'hook' }, () => {
        handled += 1
      })
    },
    { addon: { log, allowGlobal, store } },
  )
  const { installation, secret } = await world.install(allowGlobal ? 'everywhere' : 'Lobby')
  const { oauthId } = installation
  const roomId = installation.roomId ?? 1

  return {
    ...world,
    oauthId,
    secret,
    roomId,
    hook: `${world.url}/webhook/hook`,
    handled: () => handled,
    /** The fault of the last refusal in the log. */
    fault: () => lines.at(-1)?.['fault'],
    logged: () => JSON.stringify(lines),
    warnings: (text: string) => lines.filter(({ msg }) => String(msg).includes(text)).length,
    valid: (claims: Record<string, unknown> = {}) => sign(oauthId, secret, { sub: '2', ...claims }),
    post(
      token: string | undefined,
      body: unknown = delivered(oauthId, roomId, 'hello'),
      headers: Record<string, string> = {},
    ) {
      return fetch(`${world.url}/webhook/hook`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `JWT ${token}` }),
          ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
    },
  }
}

/** Seconds since 1970, as in a JWT. */
export const now = (): number => Math.floor(Date.now() / 1000)
