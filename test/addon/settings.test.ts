import { afterEach, describe, expect, it, vi } from 'vitest'
import { createAddon, html, type SettingsPlace } from '../../src/index.ts'
import { planted } from '../leaks/planted.ts'
import { sign, type TestAddon, testOptions } from '../support.ts'
import { idle, sessionTokenIn, startShowing } from './viewer.ts'

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

/** An add-on with settings, installed, and a way to fill them in. */
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
  const page = (roomId?: number) =>
    open('/configure', {}, token({ context: roomId === undefined ? {} : { room_id: roomId } }))
  const post = (form: Record<string, string>) =>
    open('/configure', { method: 'POST', body: new URLSearchParams(form) }, '')
  return {
    ...world,
    settings: made,
    place,
    page,
    /** Opens the page, of a room if one is named, and sends its form filled in. */
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
  it('is the configuration page of the descriptor, with a form that works without a script', async () => {
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

  it('saves what is right, which handlers then read', async () => {
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

  it('names what is wrong at its field, keeps what was written, and saves nothing', async () => {
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
  ])('says of %s as %s what is wrong', async (name, value, message) => {
    const { save } = await configured()
    const { status, text } = await save({ ...right, [name]: value })
    expect(status).toBe(422)
    expect(text).toContain(`<p class="error" id="${name}-error">${message}</p>`)
  })

  it('never shows a secret again, keeps it when it is left empty, and removes it when that is ticked', async () => {
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

  it('follows the theme it was opened in, also after the form was sent', async () => {
    const { open, post, token } = await configured()
    const { text } = await open('/configure?theme=dark', {}, token())
    expect(text).toContain('data-theme="dark"')
    expect((await post({ session: sessionIn(text), ...right })).text).toContain('data-theme="dark"')
  })
})

describe('a form that comes back', () => {
  it('too late keeps what was written, says so, and saves nothing', async () => {
    const { page, post, settings, place } = await configured()
    const session = sessionIn((await page()).text)
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(Date.now() + 2 * 3600 * 1000)
    const token = planted('typed')
    const { status, text } = await post({ session, ...right, token })
    expect(status).toBe(401)
    expect(text).toContain('this page had been open for too long')
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
  ])('%s is refused, and nothing of it is shown', async (_, give) => {
    const world = await configured()
    const { status, text } = await world.post({ ...right, ...(await give(world)) })
    expect(status).toBe(401)
    expect(text).not.toContain('general')
    expect((await world.settings.get(world.place())).channel).toBeUndefined()
  })

  it('is taken by no page that has no form', async () => {
    const { open, page } = await configured()
    const body = new URLSearchParams({ session: sessionIn((await page()).text) })
    expect((await open('/page/board', { method: 'POST', body }, '')).status).toBe(405)
  })
})

describe('settings of rooms', () => {
  it('stand over those of the group', async () => {
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

  it('are not those of a group whose rooms have none: a member’s request cannot open these', async () => {
    const { page, save, settings, place } = await configured('everywhere')
    expect((await save(right)).status).toBe(200)
    const { status, text } = await page(1)
    expect([status, text.includes('These settings are of the whole group')]).toEqual([403, true])
    expect((await settings.get(place(1))).channel).toBe('general')
  })
})

describe('mayChange', () => {
  it('keeps out who may not, from the page and from saving', async () => {
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
  it('gets what was saved, after it was', async () => {
    const seen: unknown[] = []
    const { save } = await configured('Lobby', {}, (settings) =>
      settings.onSaved(async (context, { channel, count }) => {
        seen.push(channel, count, (await settings.get(context)).channel, context.user?.id)
      }),
    )
    await save(right)
    expect(seen).toEqual(['general', 4, 'general', 2])
  })

  it('that fails is told to onError, and what was saved stays so', async () => {
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

it('a value that no longer fits its field counts as not there', async () => {
  const { addon, installation, settings, place } = await configured()
  await addon.store(installation).set('settings', { level: 'gone', count: 'x', channel: 'fine', old: 1 })
  const { level, count, channel, ...others } = await settings.get(place())
  expect([level, count, channel, 'old' in others]).toEqual(['info', 3, 'fine', false])
})

describe('settings', () => {
  it.each<[string, unknown, string | RegExp]>([
    ['no fields', {}, 'settings: the option fields is missing'],
    [
      'fields that are none',
      { fields: [] },
      /^settings: expected fields to be an object of fields such as .*, came array$/,
    ],
    ['empty ones', { fields: {} }, /came an empty one$/],
    [
      'an unknown type',
      { fields: { a: { type: 'colour', label: 'A' } } },
      /^settings, field a: expected type to be one of text, .*; came "colour"$/,
    ],
    ['no label', { fields: { a: { type: 'text' } } }, 'settings, field a: the option label is missing'],
    [
      'no choices',
      { fields: { a: { type: 'select', label: 'A' } } },
      'settings, field a: the option options is missing',
    ],
    [
      'a default that is none',
      { fields: { a: { type: 'number', label: 'A', max: 2, default: 3 } } },
      'settings, field a: the default is none: This has to be 2 or less.',
    ],
    [
      'a default for a secret',
      { fields: { a: { type: 'secret', label: 'A', default: 'x' } } },
      /^settings, field a: there is no option default/,
    ],
    [
      'the name of its own field',
      { fields: { session: { type: 'text', label: 'A' } } },
      /and not session; came "session"$/,
    ],
    ['an odd name', { fields: { 'a"b': { type: 'text', label: 'A' } } }, /came "a\\"b"$/],
    [
      'a name that every object has',
      { fields: { constructor: { type: 'text', label: 'A' } } },
      /came "constructor"$/,
    ],
    [
      'an unknown option',
      { fields, heading: 'x' },
      /^settings: there is no option heading; known are fields, title/,
    ],
  ])('refuse %s', (_, options, message) => {
    expect(() => idle().settings(options as never)).toThrow(message)
  })

  it('and a configuration page of the author’s own are one too many', () => {
    const addon = createAddon({ ...testOptions, store: 'memory:' })
    addon.configurable(() => 'x')
    expect(() => addon.settings({ fields })).toThrow('there are two configuration pages')
  })
})
