import { afterEach, describe, expect, it, vi } from 'vitest'
import { createAddon } from '../../../src/index.ts'
import { planted } from '../../leaks/planted.ts'
import { testOptions } from '../../support.ts'
import { idle } from '../viewer.ts'
import { configured, fields, right, sessionIn } from './support.ts'

afterEach(() => void vi.useRealTimers())

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
