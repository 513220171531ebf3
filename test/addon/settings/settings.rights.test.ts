import { afterEach, describe, expect, it, vi } from 'vitest'
import { html } from '../../../src/index.ts'
import { planted } from '../../leaks/planted.ts'
import { startShowing } from '../viewer.ts'
import { configured, fields, right, sessionIn, withoutViewGroup } from './support.ts'

afterEach(() => void vi.useRealTimers())

describe('settings of rooms', () => {
  it('override those of the group', async () => {
    const { save, settings, place, addon } = await configured('everywhere', { allowAccessToRoomAdmins: true })
    expect(addon.descriptor.capabilities?.configurable).toMatchObject({ allowAccessToRoomAdmins: true })
    const secret = planted('of-the-group')
    await save({ ...right, token: secret })
    const saved = await save({ ...right, channel: 'lobby', home: '' }, 1)
    expect(saved.text).not.toContain('kept; leave')
    const { channel, home, token } = await settings.get(place(1))
    expect([channel, home, token]).toEqual(['lobby', 'https://example.com', secret])
    expect((await settings.get(place(2))).channel).toBe('general')
    expect((await settings.get(place())).channel).toBe('general')
  })

  it('do not exist by default, and a member’s request cannot open those of the group', async () => {
    const { page, save, settings, place } = await configured('everywhere')
    expect((await save(right)).status).toBe(200)
    const { status, text } = await page(1)
    expect([status, text.includes('These settings are for the whole group')]).toEqual([403, true])
    expect((await settings.get(place(1))).channel).toBe('general')
  })
})

describe('settings of a group', () => {
  it('can be opened and saved by administrators, and by a request without a user', async () => {
    const { save, open, token, settings, place } = await configured('everywhere')
    expect((await save(right)).status).toBe(200)
    expect((await settings.get(place())).channel).toBe('general')
    expect((await open('/configure', {}, token({ sub: undefined, context: {} }))).status).toBe(200)
  })

  it.each([
    ['a member’s request that names no room', { sub: '2', context: {} }],
    ['such a request with the older prn', { sub: undefined, prn: 2, context: {} }],
    ['such a request without a context', { sub: '2', context: undefined }],
    ['one with an empty room', { sub: '2', context: { room_id: null } }],
    ['a request of an unknown user', { sub: '999', context: {} }],
    ['a member’s claim to be an administrator', { sub: '2', context: { is_group_admin: true } }],
  ])('cannot be opened by %s', async (_, claims) => {
    const { open, token } = await configured('everywhere')
    const { status, text } = await open('/configure', {}, token(claims))
    expect([status, text.includes('administrators of the group')]).toEqual([403, true])
    expect(text).not.toContain('<form')
  })

  it('cannot be opened by a request with an unreadable user, which does not count as one without a user', async () => {
    const { open, token } = await configured('everywhere')
    for (const sub of ['alice', '', '1 ', ['1'], { id: 1 }, true])
      expect((await open('/configure', {}, token({ sub, context: {} }))).status).toBe(401)
  })

  it('cannot be saved by a user who is no longer an administrator', async () => {
    const { open, token, post, admin, settings, place } = await configured('everywhere')
    const user = { name: 'Olga Other', email: 'olga@example.com', mention_name: 'olga' }
    const { id } = await admin.createUser({ ...user, password: planted('of-olga-12'), is_group_admin: true })
    const opened = await open('/configure', {}, token({ sub: String(id), context: {} }))
    const session = sessionIn(opened.text)
    expect(session).not.toBe('')
    await admin.updateUser({ id_or_email: id, ...user, is_group_admin: false })
    expect((await post({ session, ...right })).status).toBe(403)
    expect((await settings.get(place())).channel).toBeUndefined()
  })

  it('can be opened by a user whose signed request says that they are an administrator, if the add-on may not ask', async () => {
    const { open, token, log } = await withoutViewGroup()
    const { status, text } = await open(
      '/configure',
      {},
      token({ sub: '1', context: { is_group_admin: true } }),
    )
    expect([status, text.includes('<form')]).toEqual([200, true])
    for (const is_group_admin of [undefined, false, 'true', 1, null]) {
      const { status } = await open('/configure', {}, token({ sub: '1', context: { is_group_admin } }))
      expect(status).toBe(403)
    }
    expect(log()).toContain('add view_group to the scopes')
  })

  it('can be saved by a user whose signed request says that they are an administrator', async () => {
    const { open, token } = await withoutViewGroup()
    const { text } = await open('/configure', {}, token({ sub: '1', context: { is_group_admin: true } }))
    const body = new URLSearchParams({ session: sessionIn(text), ...right })
    expect((await open('/configure', { method: 'POST', body }, '')).status).toBe(200)
  })

  it('can be opened by an administrator on the compatible server', async () => {
    const world = await withoutViewGroup()
    const answer = await fetch(world.url + (await world.addressFor(1)))
    expect([answer.status, (await answer.text()).includes('<form')]).toEqual([200, true])
  })

  it('are not shown if the installation is removed while the add-on asks the server', async () => {
    const { open, token, store, installation, server } = await configured('everywhere')
    server.fail('getUser', { delay: 200 })
    const answer = open('/configure', {}, token({ sub: '1', context: {} }))
    await expect.poll(() => store.get(`token:${installation.oauthId}`)).toBeDefined()
    await store.delete(`installation:${installation.oauthId}`)
    expect((await answer).status).toBe(401)
  })

  it('are not stored if the installation is removed while mayChange runs', async () => {
    let removed = async (): Promise<void> => {}
    const { open, token, store, installation } = await startShowing(
      (addon) => {
        addon.settings({
          fields,
          async mayChange() {
            await removed()
            return true
          },
        })
      },
      { room: 'everywhere' },
    )
    const { text } = await open('/configure', {}, token({ sub: '2', context: {} }))
    removed = async () => void (await store.delete(`installation:${installation.oauthId}`))
    const body = new URLSearchParams({ session: sessionIn(text), ...right })
    expect((await open('/configure', { method: 'POST', body }, '')).status).toBe(500)
    for await (const [key] of store.entries('value:')) expect(key).toBe('nothing')
  })

  it('can be opened by anyone whom mayChange allows', async () => {
    const { open, token } = await startShowing(
      (addon) => {
        addon.settings({ fields, mayChange: ({ user }) => user?.id === 2 })
      },
      { room: 'everywhere' },
    )
    expect((await open('/configure', {}, token({ sub: '2', context: {} }))).status).toBe(200)
    expect((await open('/configure', {}, token({ sub: '1', context: {} }))).status).toBe(403)
  })

  it('cannot be opened while the server does not answer', async () => {
    const { open, token, server } = await configured('everywhere')
    await server.close()
    expect((await open('/configure', {}, token({ sub: '1', context: {} }))).status).toBe(503)
  })

  it.each(['configurable', 'adminPage'] as const)(
    'can be registered beside a %s page of the author’s own',
    async (kind) => {
      const { open, token } = await startShowing(
        (addon) => void addon[kind](() => html`<p>of the group</p>`),
        { room: 'everywhere' },
      )
      const path = kind === 'configurable' ? '/configure' : '/admin'
      const answers = await Promise.all(
        [{ sub: '2', context: {} }, { sub: '2' }, { sub: '1', context: {} }].map((claims) =>
          open(path, {}, token(claims)),
        ),
      )
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 200])
    },
  )
})

describe('mayChange', () => {
  it('keeps people whom it refuses from opening the page and from saving', async () => {
    let may = true
    const { open, token } = await startShowing((addon) => {
      addon.settings({ fields, mayChange: ({ user }) => may && user?.id === 2 })
    })
    expect((await open('/configure', {}, token({ sub: '3' }))).status).toBe(403)
    const { text } = await open('/configure')
    may = false
    const body = new URLSearchParams({ session: sessionIn(text), ...right })
    const refused = await open('/configure', { method: 'POST', body }, '')
    expect([refused.status, refused.text.includes('You may not change these settings')]).toEqual([403, true])
  })
})
