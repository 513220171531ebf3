import { readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkDescriptor } from '../../src/cli/descriptor-check.ts'
import { startWorld } from '../support.ts'
import { linesOf, run, temporaryFolder } from './support.ts'

const fixtures = fileURLToPath(new URL('../../src/testing/fixtures/descriptors/', import.meta.url))

const good = {
  key: 'com.example.dice',
  name: 'Dice',
  description: 'Rolls dice',
  links: { self: 'https://dice.example.com/atlassian-connect.json' },
  capabilities: {
    installable: { callbackUrl: 'https://dice.example.com/installable' },
    hipchatApiConsumer: { scopes: ['send_notification'] },
  },
}

const having = (capabilities: object, more: object = {}) => ({
  ...good,
  ...more,
  capabilities: { ...good.capabilities, ...capabilities },
})

const text = (value: string) => ({ value })
const icon = { url: 'https://dice.example.com/i.png', 'url@2x': 'https://dice.example.com/i2.png' }
const dialog = { key: 'ask', title: text('Ask'), url: 'https://dice.example.com/ask?m={message.mid}' }
const glance = { key: 'look', name: text('Look'), icon, queryUrl: 'https://dice.example.com/look' }
const action = { key: 'act', name: text('Act'), location: 'hipchat.input.action', target: 'ask' }
const hook = { event: 'room_message', url: 'https://dice.example.com/hook', authentication: 'jwt' }

const served = async (answer: string, status = 200): Promise<string> => {
  const http = createServer((_, response) => void response.writeHead(status).end(answer))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void http.close())
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/descriptor` // it listens on a port
}

describe('checking a descriptor', () => {
  it('finds no problem in a valid descriptor', () => {
    const document = having({
      webhook: [hook],
      dialog: [dialog],
      glance: [{ ...glance, target: 'ask' }],
      action: [action],
    })
    expect(checkDescriptor(document)).toEqual({ errors: [], warnings: [], complete: true })
  })

  it.each([
    '',
    '/p',
    'javascript:alert(1)',
    'dice.example.com/x',
    'https:',
    ' https://a.example/',
    'file:///a',
  ])('names every member whose address is %j', (bad) => {
    const bads = { url: bad, 'url@2x': bad }
    const document = having(
      {
        installable: {
          callbackUrl: bad,
          updateCallbackUrl: bad,
          installedUrl: bad,
          updatedUrl: bad,
          uninstalledUrl: bad,
        },
        hipchatApiConsumer: { scopes: ['send_notification'], avatar: bad },
        glance: [{ ...glance, icon: bads, queryUrl: bad }],
        webPanel: [
          { key: 'p', name: text('P'), location: 'hipchat.sidebar.right', url: bad, icon: { ...bads } },
        ],
        dialog: [{ ...dialog, url: bad }],
        externalPage: [{ key: 'x', url: bad }],
        configurable: { url: bad },
        adminPage: { url: bad },
        oauth2Provider: { authorizationUrl: bad, tokenUrl: bad },
        oauth2Consumer: { redirectionUrls: ['https://a.example/', bad] },
      },
      { links: { self: bad, homepage: bad }, vendor: { name: 'V', url: bad }, icon: bads },
    )
    const { errors, warnings } = checkDescriptor(document)
    const fields = (findings: typeof errors) =>
      findings
        .filter(({ message }) => message.includes('must be an absolute http or https address'))
        .map(({ field }) => field.replace('capabilities.', ''))
        .sort()
    expect(fields(warnings)).toEqual(['links.homepage', 'vendor.url'])
    expect(fields(errors)).toEqual([
      'adminPage.url',
      'configurable.url',
      'dialog.0.url',
      'externalPage.0.url',
      'glance.0.icon.url',
      'glance.0.icon.url@2x',
      'glance.0.queryUrl',
      'hipchatApiConsumer.avatar',
      'icon.url',
      'icon.url@2x',
      'installable.callbackUrl',
      'installable.installedUrl',
      'installable.uninstalledUrl',
      'installable.updateCallbackUrl',
      'installable.updatedUrl',
      'links.self',
      'oauth2Consumer.redirectionUrls.1',
      'oauth2Provider.authorizationUrl',
      'oauth2Provider.tokenUrl',
      'webPanel.0.icon.url',
      'webPanel.0.icon.url@2x',
      'webPanel.0.url',
    ])
  })

  it('accepts a data: picture as the address of an icon only', () => {
    const picture = 'data:image/png;base64,iVBORw0KGgo='
    const icons = { url: picture, 'url@2x': picture }
    expect(checkDescriptor(having({ glance: [{ ...glance, icon: icons }] })).errors).toEqual([])
    expect(checkDescriptor(having({ dialog: [{ ...dialog, url: picture }] })).errors).toMatchObject([
      { field: 'capabilities.dialog.0.url' },
    ])
  })

  it('names everything that the schema refuses, with the value', () => {
    const document = having({
      webhook: [{ ...hook, event: 'room_massage' }, { event: 'room_enter' }],
      hipchatApiConsumer: { scopes: ['send_notifications'] },
    })
    const { errors, complete } = checkDescriptor(document)
    expect(complete).toBe(false)
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^capabilities\.hipchatApiConsumer\.scopes\.0 must be one of .*; got "send_notifications"$/,
      ),
      expect.stringMatching(
        /^capabilities\.webhook\.0\.event must be one of room_message, .*; got "room_massage"$/,
      ),
      'capabilities.webhook.1.url is missing',
    ])
  })

  it.each<[string, object, string]>([
    [
      'a key for two modules',
      having({ dialog: [dialog], externalPage: [{ key: 'ask', url: dialog.url }] }),
      'capabilities.externalPage.0.key must be unique: capabilities.dialog.0.key is "ask" too',
    ],
    [
      'a target that is not there',
      having({ dialog: [dialog], action: [{ ...action, target: { key: 'asks' } }] }),
      'capabilities.action.0.target must name a dialog, web panel, external page or glance of this add-on (ask); got "asks"',
    ],
    [
      'a glance that opens itself',
      having({ glance: [{ ...glance, target: 'look' }] }),
      'capabilities.glance.0.target must name a dialog, web panel or external page of this add-on (none is declared); got "look"',
    ],
    [
      'an invalid address',
      having({ webhook: [{ ...hook, url: '/hook' }] }),
      'capabilities.webhook.0.url must be an absolute http or https address, got "/hook"',
    ],
    [
      'a pattern that does not run',
      having({ webhook: [{ ...hook, pattern: '^/roll(?=d)' }] }),
      'capabilities.webhook.0.pattern uses lookahead or lookbehind, which is not supported; got "^/roll(?=d)"',
    ],
    [
      'an add-on that can be installed nowhere',
      having({ installable: { ...good.capabilities.installable, allowRoom: false, allowGlobal: false } }),
      'capabilities.installable does not allow any installation: one of allowRoom and allowGlobal must be true',
    ],
    [
      'a later version of the API',
      having({}, { apiVersion: '2:1' }),
      'apiVersion asks for version 2 of the Connect API; the only version is 1',
    ],
  ])('reports %s as an error', (_, document, message) => {
    expect(checkDescriptor(document).errors.map((one) => one.message)).toEqual([message])
  })

  it.each<[string, object, string]>([
    [
      'an unsigned webhook',
      having({ webhook: [{ ...hook, authentication: undefined }] }),
      'capabilities.webhook.0.authentication is missing: deliveries are not signed, and anybody can forge them; set it to jwt',
    ],
    [
      'a pattern where there is no text',
      having({ webhook: [{ ...hook, event: 'room_enter', pattern: 'x' }] }),
      'capabilities.webhook.0.pattern has no effect for room_enter: only room_message and room_notification have a text to match',
    ],
    [
      'one webhook without a list',
      having({ webhook: hook }),
      "capabilities.webhook is one object; HipChat's schema expects an array of objects",
    ],
    [
      'an unknown member',
      having({ installable: { ...good.capabilities.installable, unistalledUrl: 'x' } }),
      "capabilities.installable.unistalledUrl is not in HipChat's schema, and nothing reads it",
    ],
    [
      'a member with a wrong name',
      having({ installable: { ...good.capabilities.installable, allowGroup: true } }),
      'capabilities.installable.allowGroup does not exist; use allowGlobal',
    ],
    [
      'a glance whose condition never holds',
      having({ glance: [{ ...glance, queryUrl: undefined, conditions: [{ condition: 'glance_matches' }] }] }),
      'capabilities.glance.0.conditions contain glance_matches, which never matches without a queryUrl: the glance stays hidden',
    ],
    [
      'a condition on a message for an input action',
      having({
        dialog: [dialog],
        action: [{ ...action, conditions: [{ type: 'or', conditions: [{ condition: 'message_matches' }] }] }],
      }),
      'capabilities.action.0.conditions depend on a message, but an input action has no message: it is never shown',
    ],
    [
      'no access to the API',
      having({ webhook: [hook], hipchatApiConsumer: undefined }),
      'capabilities.hipchatApiConsumer is missing: the add-on gets no access token, and cannot answer through the API',
    ],
    [
      'no way to learn the credentials',
      having({ installable: {} }),
      'capabilities.installable has neither callbackUrl nor installedUrl: the add-on never learns its credentials',
    ],
    [
      'plain http beyond this machine',
      having({ installable: { callbackUrl: 'http://dice.example.com/installable' } }),
      "capabilities.installable.callbackUrl is plain http: servers require https except on a developer's machine",
    ],
    [
      'a placeholder',
      having({ installable: { callbackUrl: '{{base}}/installable' } }),
      'capabilities.installable.callbackUrl contains {{base}}, which has to be filled in before a server reads it; not checked',
    ],
  ])('warns about %s', (_, document, message) => {
    // as JSON has it: a member that is undefined is not there
    const { errors, warnings } = checkDescriptor(JSON.parse(JSON.stringify(document)))
    expect([errors, warnings.map((one) => one.message)]).toEqual([[], [message]])
  })

  it.each(readdirSync(fixtures).filter((file) => file.endsWith('.json')))(
    'finds no error in the published %s',
    async (file) => {
      const { default: document } = await import(join(fixtures, file), { with: { type: 'json' } })
      expect(checkDescriptor(document)).toMatchObject({ errors: [], complete: true })
    },
  )
})

describe('hipchat-addon validate', () => {
  it('prints a line for each problem of a file, and exits with 1 for an error', async () => {
    const file = join(temporaryFolder(), 'descriptor.json')
    writeFileSync(
      file,
      JSON.stringify(having({ webhook: [{ ...hook, url: 'hook', authentication: undefined }] })),
    )
    const { code, out, err } = await run(['validate', file])
    expect([code, err]).toEqual([1, ''])
    expect(linesOf(out)).toEqual([
      'error    capabilities.webhook.0.url must be an absolute http or https address, got "hook"',
      'warning  capabilities.webhook.0.authentication is missing: deliveries are not signed, and anybody can forge them; set it to jwt',
      'Not valid, 1 error, 1 warning',
    ])
  })

  it('reads standard input, and exits with 0 if there are only warnings', async () => {
    const { code, out } = await run(
      ['validate', '-', '--json'],
      {},
      JSON.stringify({ ...good, version: '1.0.0' }),
    )
    expect(code).toBe(0)
    expect(JSON.parse(out)).toEqual({
      valid: true,
      source: '-',
      errors: [],
      warnings: [{ field: 'version', message: "version is not in HipChat's schema, and nothing reads it" }],
      complete: true,
    })
  })

  it('finds no problem in the descriptor of this framework', async () => {
    const { addon } = await startWorld((one) => one.webhook('room_enter', () => {}))
    const { code, out } = await run(['validate', addon.descriptor.links.self])
    expect([code, out]).toEqual([0, 'Valid\n'])
  })

  it('compares the address with links.self of the descriptor', async () => {
    const url = await served(JSON.stringify(good))
    expect((await run(['validate', url])).out).toBe(
      `warning  links.self should be the address it was fetched from, ${url}; got ${good.links.self}\nValid, 1 warning\n`,
    )
  })

  it('says that a text is not JSON', async () => {
    expect(await run(['validate', '-'], {}, '{ key: 1 }')).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^error {4}the descriptor is not JSON\nNot valid, 1 error\n/),
    })
  })

  it('exits with 2 and one line when the descriptor cannot be read', async () => {
    const cases: [string, RegExp][] = [
      [
        '/nowhere/descriptor.json',
        /expected a file that can be read, an address, or -; got \/nowhere\/descriptor\.json \(ENOENT\)/,
      ],
      ['http://127.0.0.1:1/', /the descriptor at http:\/\/127\.0\.0\.1:1\/ cannot be read: .*ECONNREFUSED/],
      [await served('gone', 410), /cannot be read: expected status 200, got 410/],
      [await served('x'.repeat(300_000)), /answered with more than 262144 bytes/],
    ]
    for (const [source, message] of cases) {
      const { code, out, err } = await run(['validate', source])
      expect([code, out]).toEqual([2, ''])
      expect(err).toMatch(message)
      expect(linesOf(err)).toHaveLength(1)
    }
  })
})

describe('help', () => {
  it.each(['', 'dev', 'server', 'install', 'uninstall', 'list', 'diff', 'validate', 'say', 'trigger'])(
    'of hipchat-addon %s names the exit codes, and of a command examples',
    async (command) => {
      const { code, out } = await run([...(command ? [command] : []), '--help'])
      expect(code).toBe(0)
      expect(out).toMatch(/Exit codes:\n {2}0 {2}\S/)
      if (command) expect(out).toMatch(new RegExp(`Examples?:\\n[^]*?hipchat-addon ${command}`))
    },
  )
})
