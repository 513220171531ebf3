import { describe, expect, it } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { password, startConsent } from '../consent-support.ts'
import { adminCall, refusal } from '../support.ts'
import { grant, later } from './grants.support.ts'

describe('signing in', () => {
  const attempt = (server: HipChatServer, username: string, guess: string) =>
    grant(server, { grant_type: 'password', username, password: guess })

  it('counts only failures', async () => {
    const { server } = await startConsent()
    for (let index = 0; index < 12; index += 1)
      expect((await attempt(server, 'alice', password)).status).toBe(200)
  })

  it('is not possible for deleted users, by any of their names', async () => {
    const { server } = await startConsent()
    await adminCall(server, 'DELETE', '/user/@alice')
    for (const name of ['2', 'alice', 'alice@example.com'])
      expect(refusal(await attempt(server, name, password))).toEqual([401, 'Wrong user name or password'])
  })

  it('is limited for many simultaneous guesses', async () => {
    const { server } = await startConsent()
    const answers = await Promise.all(
      Array.from({ length: 14 }, (_, index) => attempt(server, 'alice', `guess ${index}`)),
    )
    expect(answers.map(({ status }) => status).toSorted()).toEqual([
      ...Array(10).fill(401),
      ...Array(4).fill(429),
    ])
  })

  it('is limited equally for known and unknown names', async () => {
    const { server } = await startConsent()
    for (const name of ['alice', 'nobody']) {
      const statuses: number[] = []
      for (let index = 0; index < 11; index += 1)
        statuses.push((await attempt(server, index % 2 ? name : `@${name.toUpperCase()}`, 'guess')).status)
      expect(statuses).toEqual([...Array(10).fill(401), 429])
    }
    // all names of a person are counted together
    expect((await attempt(server, 'alice@example.com', 'guess')).status).toBe(429)
  })

  it('is possible again after a quarter of an hour', async () => {
    const { server } = await startConsent()
    for (let index = 0; index < 11; index += 1) await attempt(server, 'alice', 'guess')
    expect((await attempt(server, 'alice', password)).status).toBe(429)
    const { status } = await later(15 * 60_000 + 1, () => attempt(server, 'alice', password))
    expect(status).toBe(200)
  })
})
