import { vi } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { type Answered, call } from '../support.ts'

/** Status, text and OAuth 2 code of a refused token call. */
export const outcome = ({ status, body }: Answered) => [status, body.error?.message, body.error_description]

/** The outcome with a code that is not valid. */
export const badCode = [
  400,
  'The code is unknown, used, expired or was given to another client',
  'invalid_grant',
]

/** The outcome with a refresh token that is not valid. */
export const badRefresh = [400, 'The refresh token is unknown, used or expired', 'invalid_grant']

/** In seconds. */
export const year = 365 * 24 * 3600

/** Asks for a token. */
export const grant = (server: HipChatServer, json: object, headers: Record<string, string> = {}) =>
  call(server, 'POST', '/oauth/token', { json, headers })

/** The status of a call with a token: 200 while it is valid. */
export const works = async (server: HipChatServer, token: string) =>
  (await call(server, 'GET', '/user', { token })).status

/** Runs something as if this time had passed. */
export async function later<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + milliseconds })
  try {
    return await work()
  } finally {
    vi.useRealTimers()
  }
}
