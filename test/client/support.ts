import { inspect } from 'node:util'
import nock from 'nock'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { OperationId } from '../../src/api/operations/index.ts'
import { createBudget } from '../../src/client/limits.ts'
import { type Authority, type Calling, type CallParameters, call } from '../../src/client/request.ts'
import { createOutbound } from '../../src/common/outbound.ts'
import { type Credentials, type Installation, keyOf } from '../../src/installations/installation.ts'
import { planted } from '../leaks/planted.ts'

export const host = 'https://chat.example.net'
export const apiUrl = `${host}/v2/`
export const secret = planted('kept-to-ourselves-7f3a')

/** HipChat's API, to be told what to answer. */
export const hipchat = () => nock(`${host}/v2`)

/** In a file that calls this, nothing reaches the network, and no answer is left over for the next test. */
export function useNock(): void {
  beforeAll(() => {
    if (!nock.isActive()) nock.activate()
    nock.disableNetConnect()
  })
  afterEach(() => {
    nock.abortPendingRequests()
    nock.cleanAll()
  })
  afterAll(() => {
    nock.enableNetConnect()
    nock.restore()
  })
}

export const installation = (changes: Partial<Installation> = {}): Installation => ({
  oauthId: 'a1b2',
  groupId: 17,
  groupName: 'Example Group',
  roomId: undefined,
  capabilitiesUrl: `${apiUrl}capabilities`,
  apiUrl,
  tokenUrl: `${apiUrl}oauth/token`,
  homepage: host,
  scopes: ['send_notification', 'view_room', 'view_messages'],
  descriptorEtag: '"1"',
  installedAt: new Date('2016-05-26T10:00:00Z'),
  updatedAt: new Date('2016-05-26T10:00:00Z'),
  rejectedSince: undefined,
  ...changes,
})

export const credentials = (changes: Partial<Installation> = {}): Credentials => ({
  installation: installation(changes),
  key: keyOf(secret),
})

/** Somebody with every scope and the token `T1`, for whom there is no other. */
export const authority = (changes: Partial<Authority> = {}): Authority => ({
  apiUrl,
  scopes: undefined,
  roomId: undefined,
  name: 'installation a1b2',
  token: async () => 'T1',
  renew: async () => undefined,
  budget: createBudget(1_000),
  ...changes,
})

export const calling = (changes: Partial<Calling> = {}): Calling => ({
  outbound: createOutbound({ hosts: ['chat.example.net'] }),
  timeout: 2_000,
  onCall: () => {},
  ...changes,
})

/** Makes calls on behalf of one authority. */
export function caller(who: Partial<Authority> = {}, how: Partial<Calling> = {}) {
  const on = authority(who)
  const by = calling(how)
  return (id: OperationId, parameters: CallParameters = {}, signal?: AbortSignal): Promise<unknown> =>
    call(id, parameters, on, by, signal)
}

/** What a promise rejects with. */
export async function failure(work: PromiseLike<unknown>): Promise<Record<string, unknown> & Error> {
  const outcome = await Promise.resolve(work).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('value' in outcome) return expect.fail(`expected a rejection, got ${inspect(outcome.value)}`)
  expect(outcome.error).toBeInstanceOf(Error)
  return outcome.error as Record<string, unknown> & Error // as just checked; its members are looked at one by one
}

/** All that a value shows of itself, in a log or to a curious debugger. */
export const shown = (value: unknown): string =>
  [
    JSON.stringify(value),
    inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
    value instanceof Error ? `${value.message} ${value.stack} ${value.cause ? shown(value.cause) : ''}` : '',
  ].join('\n')

export const room17 = { id: 17, name: 'Lobby' }
