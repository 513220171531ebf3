import { vi } from 'vitest'
import { createOutbound } from '../../src/common/outbound.ts'
import { type AccessTokens, createAccessTokens } from '../../src/installations/access-token.ts'
import { tokenKey } from '../../src/installations/store-keys.ts'
import { createMemoryStore } from '../../src/store/memory/memory.ts'
import { createSealing } from '../../src/store/sealing.ts'
import type { Store } from '../../src/store/store.ts'
import { hipchat, secret } from '../client/support.ts'

/** The credentials of the installation, as Basic authentication sends them. */
export const basic = Buffer.from(`a1b2:${secret}`).toString('base64')

/** Key of the lock for an exchange. */
export const lock = `lock:${tokenKey('a1b2')}`

/** In milliseconds. */
export const MINUTE = 60_000

/** What a test may decide about {@link createTokens}. */
export interface Options {
  store?: Store
  timeout?: number
  secretKey?: string
  warnings?: string[]
  isThere?: () => Promise<boolean>
}

/** Access tokens in a store of their own, if none is given. */
export const createTokens = (options: Options = {}): AccessTokens =>
  createAccessTokens({
    store: options.store ?? createMemoryStore(),
    sealing: createSealing(options.secretKey),
    outbound: createOutbound({ hosts: ['chat.example.net'] }),
    timeout: options.timeout ?? 2_000,
    mark: async () => {},
    warn: (message) => options.warnings?.push(message),
    ...(options.isThere ? { isThere: options.isThere } : {}),
  })

/** What a token endpoint answers. */
export const answer = (token: string, more: object = {}) => ({
  access_token: token,
  token_type: 'bearer',
  expires_in: 3599,
  scope: 'send_notification view_room',
  group_id: 17,
  group_name: 'Example Group',
  ...more,
})

/** A token endpoint that returns T1, T2, and so on. Returns how often it was called. */
export function tokenEndpoint(more: object = {}, delay = 0) {
  const exchanges = { count: 0 }
  hipchat()
    .persist()
    .post('/oauth/token')
    .delay(delay)
    .reply(200, () => answer(`T${++exchanges.count}`, more))
  return exchanges
}

/** Stops the clock. */
export const freeze = () => vi.useFakeTimers({ toFake: ['Date'], now: new Date('2016-05-26T10:00:00Z') })

/** Sets the stopped clock forward. */
export const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds)
