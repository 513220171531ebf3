import { afterEach, describe, expect, it, vi } from 'vitest'
import { planted } from '../../leaks/planted.ts'
import { sign } from '../../support.ts'
import { sessionTokenIn } from '../viewer.ts'
import { configured, right, sessionIn } from './support.ts'

afterEach(() => void vi.useRealTimers())

describe('a submitted form', () => {
  it('after its session expired keeps the input, says so, and saves nothing', async () => {
    const { page, post, settings, place } = await configured()
    const session = sessionIn((await page()).text)
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 2 * 3600 * 1000)
    const token = planted('typed')
    const { status, text } = await post({ session, ...right, token })
    expect(status).toBe(401)
    expect(text).toContain('this page was open for too long')
    expect(text).toContain('value="general"')
    expect(text).toContain('<button disabled>')
    expect(text).not.toContain('name="session"')
    expect(text).not.toContain('session-token')
    expect(text).not.toContain(token)
    expect((await settings.get(place())).channel).toBeUndefined()
  })

  it.each<[string, (world: Awaited<ReturnType<typeof configured>>) => Promise<Record<string, string>>]>([
    ['without a session', async () => ({})],
    ['with a signed request for one', async ({ token }) => ({ session: token() })],
    [
      'with the session of a panel, which every member of the room has',
      async ({ open }) => {
        return { session: sessionTokenIn((await open('/page/board')).text) }
      },
    ],
    ['with a forged one', async ({ oauthId }) => ({ session: sign(oauthId, 'another secret') })],
  ])('%s is refused, and nothing in it is shown', async (_, give) => {
    const world = await configured()
    const { status, text } = await world.post({ ...right, ...(await give(world)) })
    expect(status).toBe(401)
    expect(text).not.toContain('general')
    expect((await world.settings.get(world.place())).channel).toBeUndefined()
  })

  it('with another token in addition is refused', async () => {
    const { page, open, post, token } = await configured()
    const session = sessionIn((await page()).text)
    const body = new URLSearchParams({ session, ...right })
    const inAddress = await open('/configure', { method: 'POST', body }, token())
    const inHeader = { method: 'POST', body, headers: { authorization: `JWT ${token()}` } }
    const twice = new URLSearchParams([['session', session], ...body])
    for (const { status } of [
      inAddress,
      await open('/configure', inHeader, ''),
      await open('/configure', { method: 'POST', body: twice }, ''),
    ])
      expect(status).toBe(401)
    expect((await post({ session, ...right })).status).toBe(200)
  })

  it.each(['%FF', '%ED%A0%BD'])(
    'with %s, which is not UTF-8, is refused, and nothing of it is kept',
    async (bytes) => {
      const { page, open, settings, place } = await configured()
      const form = new URLSearchParams({ ...right, session: sessionIn((await page()).text) })
      form.delete('notes')
      const body = `${form}&notes=${bytes}`
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      expect((await open('/configure', { method: 'POST', body, headers }, '')).status).toBe(400)
      expect((await settings.get(place())).channel).toBeUndefined()
    },
  )

  it('is refused by a page without a form', async () => {
    const { open, page } = await configured()
    const body = new URLSearchParams({ session: sessionIn((await page()).text) })
    expect((await open('/page/board', { method: 'POST', body }, '')).status).toBe(405)
  })
})
