import { describe, expect, it } from 'vitest'
import { createAddon } from '../../../src/index.ts'
import { startWorld, testOptions } from '../../support.ts'

const icon = 'https://example.com/icon.png'

const nothing = (): void => {}

const create = () => createAddon({ ...testOptions, store: 'memory:', baseUrl: 'http://localhost:8080/base' })

/** Registrations that are possible in plain JavaScript. */
type Loose = Record<string, (...all: unknown[]) => unknown>

const refusals: readonly [name: string, act: (addon: Loose) => unknown, message: string | RegExp][] = [
  [
    'options that are not an object',
    (a) => a['glance']?.('status'),
    /^glance: expected an object with the options key, .*; got string$/,
  ],
  ['a missing name', (a) => a['glance']?.({ key: 'g', icon }), 'glance g: the option name is missing'],
  [
    'an unknown option',
    (a) => a['webPanel']?.({ key: 'p', name: 'P', titel: 'P' }, nothing),
    'webPanel p: titel is not a known option; expected one of key, parameters, name, icon, location, weight, conditions, authentication',
  ],
  [
    'a title that is too long',
    (a) => a['dialog']?.({ key: 'd', title: 'x'.repeat(101) }, nothing),
    'dialog d: expected title to be a string of 1 to 100 characters, got 101',
  ],
  [
    'a title that is an object',
    (a) => a['dialog']?.({ key: 'd', title: { value: 'D' } }, nothing),
    'dialog d: expected title to be a string of 1 to 100 characters, got object',
  ],
  [
    'no handler',
    (a) => a['webPanel']?.({ key: 'p', name: 'P' }),
    'webPanel p: expected a handler, got undefined',
  ],
  [
    'a handler that is not a function',
    (a) => a['glance']?.({ key: 'g', name: 'G', icon }, 'x'),
    'glance g: expected a handler, got string',
  ],
  [
    'parameters without a handler',
    (a) => a['glance']?.({ key: 'g', name: 'G', icon, parameters: { mid: 'message.mid' } }),
    'glance g: parameters are for the handler, and this glance has none',
  ],
  [
    'a key with a slash',
    (a) => a['webPanel']?.({ key: 'a/b', name: 'P' }, nothing),
    'webPanel: expected a key of 1 to 40 letters, digits, - _ and ., got "a/b"',
  ],
  [
    'a key twice',
    (a) => ['A', 'B'].map((name) => a['webPanel']?.({ key: 'p', name }, nothing)),
    "two webPanels have the key p; give one of them another key with { key: '…' }",
  ],
  [
    'a key of another kind',
    (a) => [
      a['webhook']?.('room_enter', nothing),
      a['webPanel']?.({ key: 'room_enter', name: 'P' }, nothing),
    ],
    "a webhook and a module of the kind webPanel have the key room_enter; give one of them another key with { key: '…' }",
  ],
  [
    'a webhook with the key of a module',
    (a) => [
      a['webPanel']?.({ key: 'room_enter', name: 'P' }, nothing),
      a['webhook']?.('room_enter', nothing),
    ],
    /^a webPanel and a module of the kind webhook have the key room_enter/,
  ],
  [
    'a weight that is no whole number',
    (a) => a['webPanel']?.({ key: 'p', name: 'P', weight: 1.5 }, nothing),
    'webPanel p: expected weight to be a whole number, got 1.5',
  ],
  [
    'another place',
    (a) => a['webPanel']?.({ key: 'p', name: 'P', location: 'left' }, nothing),
    'webPanel p: expected location to be hipchat.sidebar.right, got "left"',
  ],
  [
    'another authentication',
    (a) => a['dialog']?.({ key: 'd', title: 'D', authentication: 'cookie' }, nothing),
    'dialog d: expected authentication to be one of jwt, none; got "cookie"',
  ],
  [
    'a size without a unit',
    (a) => a['dialog']?.({ key: 'd', title: 'D', size: { width: '4', height: '5px' } }, nothing),
    'dialog d: expected size.width to be a number of px or %, got "4"',
  ],
  [
    'a button without a name',
    (a) => a['dialog']?.({ key: 'd', title: 'D', primaryAction: { key: 'go' } }, nothing),
    'dialog d: the option primaryAction.name is missing',
  ],
  [
    'a button with something else',
    (a) => a['dialog']?.({ key: 'd', title: 'D', secondaryActions: [{ name: 'x', color: 'red' }] }, nothing),
    'dialog d: secondaryActions.0.color is not a known option; expected one of name, key, enabled',
  ],
  [
    'parameters that are a pattern',
    (a) => a['dialog']?.({ key: 'd', title: 'D', parameters: /x/ }, nothing),
    "dialog d: expected parameters to be an object such as { mid: 'message.mid' }, got RegExp",
  ],
  [
    'a parameter that clients use',
    (a) => a['dialog']?.({ key: 'd', title: 'D', parameters: { theme: 'x' } }, nothing),
    "dialog d: expected parameters to be an object such as { mid: 'message.mid' }, got the name theme, which clients use themselves",
  ],
  [
    'a parameter with braces',
    (a) => a['dialog']?.({ key: 'd', title: 'D', parameters: { mid: '{message.mid}' } }, nothing),
    'dialog d: expected parameters to be an object such as { mid: \'message.mid\' }, got "{message.mid}" for mid',
  ],
  [
    'an action without a target',
    (a) => a['action']?.({ key: 'a', name: 'A', location: 'hipchat.input.action' }),
    'action a: the option target is missing',
  ],
  [
    'a target that is not a key',
    (a) => a['action']?.({ key: 'a', name: 'A', location: 'hipchat.input.action', target: { kye: 'x' } }),
    'action a: target.kye is not a known option; expected one of key, options',
  ],
  [
    'two configuration pages',
    (a) => [nothing, nothing].map((handler) => a['configurable']?.(handler)),
    'there are two configuration pages; an add-on has one, made by addon.configurable() or by addon.settings()',
  ],
  [
    'two admin pages',
    (a) => [nothing, nothing].map((handler) => a['adminPage']?.(handler)),
    'there are two admin pages; an add-on has one',
  ],
  [
    'options after the handler',
    (a) => a['configurable']?.(nothing, {}),
    'configurable: expected the handler last, after its options',
  ],
]

const conditionRefusals: readonly [
  name: string,
  kind: string,
  conditions: unknown,
  message: string | RegExp,
][] = [
  [
    'conditions that are no list',
    'glance',
    { condition: 'user_is_admin' },
    "glance m: expected conditions to be a list such as [{ condition: 'user_is_admin' }], got object",
  ],
  [
    'an unknown condition',
    'glance',
    [{ condition: 'is_friday' }],
    /^glance m, conditions\.0: expected condition to be one of room_is_public, .*; got "is_friday"$/,
  ],
  [
    'a message condition of a glance',
    'glance',
    [{ condition: 'message_contains_link' }],
    'glance m, conditions.0: message_contains_link is for message actions only; it can never hold for glances',
  ],
  [
    'a message condition of an input action, deep inside',
    'input',
    [{ type: 'or', conditions: [{ condition: 'user_is_admin' }, { condition: 'card_matches', params: {} }] }],
    'action m, conditions.0.1: card_matches is for message actions only; it can never hold for input actions',
  ],
  [
    'a glance condition of a panel',
    'webPanel',
    [{ condition: 'glance_matches', params: { metadata: [] } }],
    'webPanel m, conditions.0: glance_matches is for glances only; it can never hold for web panels',
  ],
  [
    'a third level',
    'glance',
    [{ type: 'or', conditions: [{ type: 'and', conditions: [{ type: 'or', conditions: [] }] }] }],
    'glance m, conditions.0.0.0: “and” and “or” can be nested 2 levels deep',
  ],
  [
    'params of a condition that has none',
    'glance',
    [{ condition: 'user_is_admin', params: {} }],
    'glance m, conditions.0, user_is_admin: this condition has no params',
  ],
  [
    'no params where they are needed',
    'glance',
    [{ condition: 'glance_matches' }],
    'glance m, conditions.0, glance_matches: the option params is missing',
  ],
  [
    'unknown params',
    'message',
    [{ condition: 'message_matches', params: { text: 'x' } }],
    'action m, conditions.0, message_matches, params: text is not a known option; expected one of type, file_type, regex, sender',
  ],
  [
    'a pattern as text',
    'message',
    [{ condition: 'message_matches', params: { regex: '^x' } }],
    'action m, conditions.0, message_matches, params: expected regex to be a RegExp such as /^decision:/i, got "^x"',
  ],
  [
    'metadata with two comparisons',
    'glance',
    [{ condition: 'glance_matches', params: { metadata: [{ attr: 'a', eq: 1, gt: 2 }] } }],
    /expected metadata.0 to be an object with one of eq, lt, gt, such as .*; got eq, gt$/,
  ],
  [
    'metadata compared with gt and a string',
    'glance',
    [{ condition: 'glance_matches', params: { metadata: [{ attr: 'a', gt: 'x' }] } }],
    /expected metadata.0.gt to be a number, got "x"$/,
  ],
]

describe('registrations of modules', () => {
  it.each(refusals)('refuse %s', (_, act, message) => {
    const refused = () => act(create() as unknown as Loose)
    expect(refused).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    expect(refused).toThrow(message)
  })

  it.each(conditionRefusals)('refuse %s', (_, kind, conditions, message) => {
    const addon = create() as unknown as Loose
    const act = () => {
      if (kind === 'glance') return addon['glance']?.({ key: 'm', name: 'M', icon, conditions })
      if (kind === 'webPanel') return addon['webPanel']?.({ key: 'm', name: 'M', conditions }, nothing)
      const location = `hipchat.${kind}.action`
      return addon['action']?.({ key: 'm', name: 'M', location, target: 'x', conditions })
    }
    expect(act).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    expect(act).toThrow(message)
  })

  it('end when the add-on listens', async () => {
    const { addon } = await startWorld(() => {})
    expect(() => addon.glance({ key: 'g', name: 'G', icon })).toThrow(
      'a glance was registered after listen() or callback(): servers may already have the descriptor',
    )
    expect(() => addon.adminPage(nothing)).toThrow(/^a page for administrators was registered after/)
  })
})

describe('targets', () => {
  const action = { key: 'a', name: 'A', location: 'hipchat.input.action' } as const

  it('must exist when registration ends, in any order of registration', async () => {
    const addon = create()
    addon.action({ ...action, target: { key: 'later' } })
    addon.glance({ key: 'g', name: 'G', icon, target: 'later' })
    expect(() => addon.callback()).toThrow(
      'action a: expected target to be the key of a dialog or webPanel or externalPage or glance, got later; registered: g',
    )
    addon.dialog({ key: 'later', title: 'Later' }, nothing)
    addon.callback()
    await addon.close()
  })

  it('of a glance cannot be another glance, since clients cannot open it', async () => {
    const addon = create()
    addon.glance({ key: 'one', name: 'G', icon, target: 'two' })
    addon.glance({ key: 'two', name: 'G', icon })
    expect(() => addon.callback()).toThrow(
      'glance one: expected target to be the key of a dialog or webPanel or externalPage, got two; registered: none',
    )
    await addon.close()
  })

  it('are also checked by listen()', async () => {
    const addon = createAddon({ ...testOptions, store: 'memory:' })
    addon.action({ ...action, target: 'nothing' })
    await expect(addon.listen()).rejects.toThrow(
      /^action a: expected target to be the key of a .*, got nothing;/,
    )
    await addon.close()
  })
})
