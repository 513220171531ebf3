import { pino } from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createAddon, html, type SettingsPlace } from '../../../src/index.ts'
import { planted } from '../../leaks/planted.ts'
import { sign, type TestAddon, testOptions } from '../../support.ts'
import { idle, sessionTokenIn, startShowing } from '../viewer.ts'

afterEach(() => void vi.useRealTimers())

const fields = {
  channel: { type: 'text', label: 'Channel', required: true, maxLength: 10, hint: 'Where to' },
  notes: { type: 'textarea', label: 'Notes' },
  home: { type: 'url', label: 'Home <page>' },
  token: { type: 'secret', label: 'Token' },
  count: { type: 'number', label: 'Count', default: 3, min: 1, max: 5, integer: true },
  level: {
    type: 'select',
    label: 'Level',
    options: { info: 'Everything', error: 'Errors' },
    default: 'info',
  },
  loud: { type: 'checkbox', label: 'Loud' },
} as const

const create = (addon: TestAddon, more: { allowAccessToRoomAdmins?: boolean } = {}) =>
  addon.settings({ fields, title: 'Deploys', description: 'What to say', ...more })

/** An add-on with settings for the whole group, which may not ask the server who is an administrator. */
async function withoutViewGroup() {
  const lines: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
  const world = await startShowing((addon) => void create(addon), {
    room: 'everywhere',
    addon: { scopes: ['send_notification', 'view_room', 'view_messages', 'admin_room'], log },
  })
  return {
    ...world,
    log: () => lines.join(''),
    /** Path of the page with the token of the compatible server. */
    async addressFor(user_id: number) {
      const page = (path: string, body: object, token?: string) =>
        fetch(`${world.server.url}/page${path}`, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            ...(token ? { authorization: `Bearer ${token}` } : {}),
          },
          body: JSON.stringify(body),
        }).then(async (answer) => (await answer.json()) as { token: string; url: string }) // one of both answers
      const { token } = await page('/session', { user_id })
      const { url } = await page(`/integration/${world.oauthId}/open`, { page: 'configurable' }, token)
      return url.slice(world.url.length)
    },
  }
}

/** An installed add-on with settings, and a function that fills in the form. */
async function configured(
  room: string | 'everywhere' = 'Lobby',
  more: { allowAccessToRoomAdmins?: boolean } = {},
  register: (settings: ReturnType<typeof create>, addon: TestAddon) => void = () => {},
) {
  let settings: ReturnType<typeof create> | undefined
  const world = await startShowing(
    (addon) => {
      settings = create(addon, more)
      addon.webPanel({ key: 'board', name: 'Board' }, () => html`<p>x</p>`)
      register(settings, addon)
    },
    { room },
  )
  const { installation, addon, open, token } = world
  if (!settings) throw new Error('nothing was registered')
  const made = settings
  const place = (id?: number): SettingsPlace => ({
    installation,
    store: addon.store(installation),
    ...(id === undefined ? {} : { room: { id } }),
  })
  // An administrator, such as user 1, opens the settings of a group without a room.
  const group = installation.roomId === undefined
  const page = (roomId?: number) =>
    open(
      '/configure',
      {},
      token(
        roomId === undefined ? { sub: group ? '1' : '2', context: {} } : { context: { room_id: roomId } },
      ),
    )
  const post = (form: Record<string, string>) =>
    open('/configure', { method: 'POST', body: new URLSearchParams(form) }, '')
  return {
    ...world,
    settings: made,
    place,
    page,
    /** Opens the page, of a room if one is named, and submits its form with these values. */
    async save(filled: Record<string, string>, roomId?: number) {
      return post({ session: sessionIn((await page(roomId)).text), ...filled })
    },
    post,
  }
}

const sessionIn = (text: string): string => /name="session" value="([^"]+)"/.exec(text)?.[1] ?? ''

const right = {
  channel: 'general',
  notes: 'one\r\ntwo',
  home: 'https://example.com',
  count: '4',
  level: 'error',
  loud: 'on',
}

describe('a settings page', () => {
  it('is the configuration page in the descriptor, with a form that works without JavaScript', async () => {
    const { page, addon } = await configured()
    expect(addon.descriptor.capabilities?.configurable).toEqual({
      url: expect.stringMatching(/\/configure$/),
      authentication: 'jwt',
    })
    const { status, text } = await page()
    expect(status).toBe(200)
    expect(text).toContain('<title>Deploys</title>')
    expect(text).toContain('<p>What to say</p>')
    expect(text).toContain('<form method="post" action="configure" novalidate>')
    expect(text).toContain('<label for="channel">Channel *</label>')
    expect(text).toMatch(
      /<input type="text" id="channel" name="channel" aria-required="true" aria-describedby="channel-hint" value="">/,
    )
    expect(text).toContain('<p class="hint" id="channel-hint">Where to</p>')
    expect(text).toContain('<label for="home">Home &lt;page&gt;</label>')
    expect(text).toMatch(/<input type="password" id="token" name="token" autocomplete="new-password">/)
    expect(text).toContain('<option value="info" selected>Everything</option>')
    expect(text).toMatch(/id="count" name="count" value="3"/)
    expect(text).toMatch(/<input type="checkbox" id="loud" name="loud" value="on">/)
    expect(text).not.toContain('autofocus')
  })

  it('saves valid values, which handlers can read', async () => {
    const { save, settings, place } = await configured()
    expect(await settings.get(place())).toEqual({
      channel: undefined,
      notes: undefined,
      home: undefined,
      token: undefined,
      count: 3,
      level: 'info',
      loud: false,
    })
    const { status, text } = await save(right)
    expect(status).toBe(200)
    expect(text).toContain('<p role="status">Saved.</p>')
    expect(text).toContain('value="general"')
    expect(text).toContain('<textarea id="notes" name="notes" rows="5">\none\ntwo</textarea>')
    expect(text).toContain('name="loud" value="on" checked')
    expect(await settings.get(place())).toEqual({
      channel: 'general',
      notes: 'one\ntwo',
      home: 'https://example.com',
      token: undefined,
      count: 4,
      level: 'error',
      loud: true,
    })
  })

  it('shows an error at each invalid field, keeps the input, and saves nothing', async () => {
    const { save, settings, place } = await configured()
    const wrong = {
      channel: '',
      home: 'javascript:x',
      count: '9',
      level: 'debug',
      notes: '</textarea><script>',
    }
    const { status, text } = await save(wrong)
    expect(status).toBe(422)
    expect(text).toContain('<p role="alert">Nothing was saved')
    expect(text).toMatch(
      /name="channel"[^>]* aria-invalid="true" aria-describedby="channel-hint channel-error" autofocus/,
    )
    expect(text).toContain('<p class="error" id="channel-error">This has to be filled in.</p>')
    expect(text).toContain(
      '<p class="error" id="home-error">This has to be an address such as https://example.com.</p>',
    )
    expect(text).toContain('<p class="error" id="count-error">This has to be 5 or less.</p>')
    expect(text).toContain('<p class="error" id="level-error">This has to be one of the list.</p>')
    expect(text.match(/ autofocus/g)).toHaveLength(1)
    expect(text).toContain("document.querySelector('[autofocus]').focus()")
    expect(text).toContain('&lt;/textarea&gt;&lt;script&gt;')
    expect(text).not.toContain('<script>x')
    expect((await settings.get(place())).notes).toBeUndefined()
  })

  it.each([
    ['channel', 'x'.repeat(11), 'This can have 10 characters at most; it has 11.'],
    ['count', 'three', 'This has to be a number.'],
    ['count', '1.5', 'This has to be a whole number.'],
    ['count', '0', 'This has to be 1 or more.'],
    ['count', '1e999', 'This has to be a number.'],
    ['level', '__proto__', 'This has to be one of the list.'],
  ])('shows an error for the field %s with %s', async (name, value, message) => {
    const { save } = await configured()
    const { status, text } = await save({ ...right, [name]: value })
    expect(status).toBe(422)
    expect(text).toContain(`<p class="error" id="${name}-error">${message}</p>`)
  })

  it('never shows a secret again, keeps it if the field is left empty, and removes it if that is ticked', async () => {
    const { save, page, settings, place } = await configured()
    const secret = planted('token-of-somebody')
    const saved = await save({ ...right, token: secret })
    expect((await settings.get(place())).token).toBe(secret)
    const again = await page()
    for (const { text } of [saved, again]) {
      expect(text).not.toContain(secret)
      expect(text).toContain('placeholder="kept; leave empty to keep it"')
    }
    const wrong = await save({ ...right, count: '9', token: planted('another') })
    expect(wrong.text).not.toContain(planted('another'))
    await save(right)
    expect((await settings.get(place())).token).toBe(secret)
    await save({ ...right, 'token.remove': 'on' })
    expect((await settings.get(place())).token).toBeUndefined()
  })

  it('keeps the theme it was opened in, also after the form was submitted', async () => {
    const { open, post, token } = await configured()
    const { text } = await open('/configure?theme=dark', {}, token())
    expect(text).toContain('data-theme="dark"')
    expect((await post({ session: sessionIn(text), ...right })).text).toContain('data-theme="dark"')
  })
})

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
    'have company: a %s page of the author’s own',
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

describe('onSaved', () => {
  it('gets the saved values, after they were saved', async () => {
    const seen: unknown[] = []
    const { save } = await configured('Lobby', {}, (settings) =>
      settings.onSaved(async (context, { channel, count }) => {
        seen.push(channel, count, (await settings.get(context)).channel, context.user?.id)
      }),
    )
    await save(right)
    expect(seen).toEqual(['general', 4, 'general', 2])
  })

  it('reports its error to onError, and the values stay saved', async () => {
    const errors: unknown[] = []
    const { save, settings, place } = await configured('Lobby', {}, (settings, addon) => {
      settings.onSaved(() => {
        throw new Error('oh')
      })
      addon.onError((error) => void errors.push(String(error)))
    })
    const { status, text } = await save(right)
    expect([status, text.includes('Saved, but the add-on could not act on it')]).toEqual([200, true])
    expect(errors).toEqual(['Error: oh'])
    expect((await settings.get(place())).channel).toBe('general')
  })
})

it('a stored value that is no longer valid for its field is ignored', async () => {
  const { addon, installation, settings, place } = await configured()
  await addon.store(installation).set('settings', { level: 'gone', count: 'x', channel: 'fine', old: 1 })
  const { level, count, channel, ...others } = await settings.get(place())
  expect([level, count, channel, 'old' in others]).toEqual(['info', 3, 'fine', false])
})

describe('settings', () => {
  it.each<[string, unknown, string | RegExp]>([
    ['no option fields', {}, 'settings: the option fields is missing'],
    [
      'fields that are not an object',
      { fields: [] },
      /^settings: expected fields to be an object of fields such as .*, got array$/,
    ],
    ['an empty object of fields', { fields: {} }, /got an empty one$/],
    [
      'an unknown type',
      { fields: { a: { type: 'colour', label: 'A' } } },
      /^settings, field a: expected type to be one of text, .*; got "colour"$/,
    ],
    ['no label', { fields: { a: { type: 'text' } } }, 'settings, field a: the option label is missing'],
    [
      'no choices',
      { fields: { a: { type: 'select', label: 'A' } } },
      'settings, field a: the option options is missing',
    ],
    [
      'an invalid default',
      { fields: { a: { type: 'number', label: 'A', max: 2, default: 3 } } },
      'settings, field a: the default is not valid: This has to be 2 or less.',
    ],
    [
      'a default for a secret',
      { fields: { a: { type: 'secret', label: 'A', default: 'x' } } },
      /^settings, field a: default is not a known option/,
    ],
    [
      'the name of its own field',
      { fields: { session: { type: 'text', label: 'A' } } },
      /and not session; got "session"$/,
    ],
    ['an odd name', { fields: { 'a"b': { type: 'text', label: 'A' } } }, /got "a\\"b"$/],
    [
      'a name that every object has',
      { fields: { constructor: { type: 'text', label: 'A' } } },
      /got "constructor"$/,
    ],
    [
      'an unknown option',
      { fields, heading: 'x' },
      /^settings: heading is not a known option; expected one of fields, title/,
    ],
  ])('refuse %s', (_, options, message) => {
    expect(() => idle().settings(options as never)).toThrow(message)
  })

  it('cannot be combined with the author’s own configuration page', () => {
    const addon = createAddon({ ...testOptions, store: 'memory:' })
    addon.configurable(() => 'x')
    expect(() => addon.settings({ fields })).toThrow('there are two configuration pages')
  })
})
