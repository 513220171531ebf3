import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Addon, createAddon, type Descriptor } from '../../../src/index.ts'
import { startWorld, testOptions } from '../../support.ts'

const icon = 'https://example.com/icon.png'

const both = { url: icon, 'url@2x': icon }

const nothing = (): void => {}

const create = () => createAddon({ ...testOptions, store: 'memory:', baseUrl: 'http://localhost:8080/base' })

const capabilitiesOf = (register: (addon: Addon) => void): NonNullable<Descriptor['capabilities']> => {
  const addon = create() as unknown as Addon // its scopes do not matter here
  register(addon)
  return addon.descriptor.capabilities ?? {}
}

describe('a registered module', () => {
  it('is in the descriptor, as a glance', () => {
    const { glance } = capabilitiesOf((addon) => {
      addon.glance(
        {
          key: 'status',
          name: 'Deploys',
          icon,
          target: { key: 'board', options: { title: 'x' } },
          weight: 5,
          conditions: [
            { condition: 'user_is_guest', invert: true },
            { condition: 'glance_matches', params: { metadata: [{ attr: 'open', gt: 0 }] } },
          ],
          parameters: { who: 'user.name', what: 'message.mid' },
        },
        () => 'x',
      )
      addon.glance({ key: 'still', name: 'Stays', icon: { url: icon, 'url@2x': `${icon}?2` } })
    })
    expect(glance).toEqual([
      {
        key: 'status',
        name: { value: 'Deploys' },
        icon: both,
        queryUrl: 'http://localhost:8080/base/glance/status?who={user.name}&what={message.mid}',
        target: { key: 'board', options: { title: 'x' } },
        weight: 5,
        conditions: [
          { condition: 'user_is_guest', invert: true },
          { condition: 'glance_matches', params: { metadata: [{ attr: 'open', gt: 0 }] } },
        ],
      },
      { key: 'still', name: { value: 'Stays' }, icon: { url: icon, 'url@2x': `${icon}?2` } },
    ])
  })

  it('is in the descriptor, as a web panel', () => {
    const { webPanel } = capabilitiesOf((addon) => {
      addon.webPanel({ key: 'board', name: 'Board' }, nothing)
      addon.webPanel({ key: 'open', name: 'Open', icon, weight: 1, authentication: 'none' }, nothing)
    })
    expect(webPanel).toEqual([
      {
        key: 'board',
        name: { value: 'Board' },
        location: 'hipchat.sidebar.right',
        url: 'http://localhost:8080/base/page/board',
        authentication: 'jwt',
      },
      {
        key: 'open',
        name: { value: 'Open' },
        location: 'hipchat.sidebar.right',
        url: 'http://localhost:8080/base/page/open',
        authentication: 'none',
        icon: both,
        weight: 1,
      },
    ])
  })

  it('is in the descriptor, as a dialog with options as plain strings', () => {
    const { dialog } = capabilitiesOf((addon) => {
      addon.dialog(
        {
          key: 'approve',
          title: 'Approve deployment',
          style: 'warning',
          size: { width: '480px', height: '60%' },
          primaryAction: { name: 'Approve', key: 'go', enabled: false },
          secondaryActions: ['Cancel', { name: 'Later', key: 'later' }],
          hint: 'Approvals are logged.',
          filter: 'Filter changes',
        },
        nothing,
      )
      addon.dialog({ key: 'bare', title: 'Bare', secondaryActions: [], filter: true }, nothing)
      addon.dialog({ key: 'least', title: 'Least', filter: false }, nothing)
    })
    expect(dialog?.map(({ title, options }) => [title.value, options])).toEqual([
      [
        'Approve deployment',
        {
          style: 'warning',
          size: { width: '480px', height: '60%' },
          primaryAction: { name: { value: 'Approve' }, key: 'go', enabled: false },
          secondaryActions: [{ name: { value: 'Cancel' } }, { name: { value: 'Later' }, key: 'later' }],
          hint: { value: 'Approvals are logged.' },
          filter: { placeholder: { value: 'Filter changes' } },
        },
      ],
      ['Bare', { secondaryActions: [], filter: {} }],
      ['Least', undefined],
    ])
  })

  it('is in the descriptor, as an action with conditions on two levels', () => {
    const { action } = capabilitiesOf((addon) => {
      addon.action({
        key: 'approve.action',
        name: 'Approve…',
        location: 'hipchat.message.action',
        target: 'approve',
        conditions: [
          {
            type: 'or',
            conditions: [
              { condition: 'user_is_admin' },
              { type: 'and', conditions: [{ condition: 'message_contains_link' }] },
            ],
          },
          { condition: 'message_matches', params: { regex: /^decision:/i, sender: 'Alice' } },
          { condition: 'card_matches', params: { style: 'link', metadata: [{ attr: 'a.b', eq: null }] } },
        ],
      })
    })
    expect(action).toEqual([
      {
        key: 'approve.action',
        name: { value: 'Approve…' },
        location: 'hipchat.message.action',
        target: 'approve',
        conditions: [
          {
            type: 'or',
            conditions: [
              { condition: 'user_is_admin' },
              { type: 'and', conditions: [{ condition: 'message_contains_link' }] },
            ],
          },
          {
            condition: 'message_matches',
            params: { regex: { pattern: '^decision:', flags: 'i' }, sender: 'Alice' },
          },
          { condition: 'card_matches', params: { style: 'link', metadata: [{ attr: 'a.b', eq: null }] } },
        ],
      },
    ])
  })

  it('is in the descriptor, as the pages that are opened elsewhere', () => {
    const { externalPage, configurable, adminPage } = capabilitiesOf((addon) => {
      addon.externalPage({ key: 'capture', parameters: { mid: 'message.mid' } }, nothing)
      addon.externalPage({ key: 'named', name: 'Named' }, nothing)
      addon.configurable({ allowAccessToRoomAdmins: true }, nothing)
      addon.adminPage(nothing)
    })
    const base = 'http://localhost:8080/base'
    expect(externalPage).toEqual([
      { key: 'capture', url: `${base}/page/capture?mid={message.mid}` },
      { key: 'named', url: `${base}/page/named`, name: { value: 'Named' } },
    ])
    expect(configurable).toEqual({
      url: `${base}/configure`,
      authentication: 'jwt',
      allowAccessToRoomAdmins: true,
    })
    expect(adminPage).toEqual({ url: `${base}/admin` })
  })

  it('has the address that its registration returns', () => {
    const addon = create()
    const panel = addon.webPanel({ key: 'board', name: 'Board', parameters: { id: 'item.id' } }, nothing)
    expect(panel).toEqual({ key: 'board', url: 'http://localhost:8080/base/page/board?id={item.id}' })
    expect(addon.configurable(nothing).url).toBe('http://localhost:8080/base/configure')
    const still = addon.glance({ key: 'still', name: 'Still', icon })
    expect(() => still.url).toThrow('glance still: it has no address of its own')
  })
})

describe('the modules of a published add-on', () => {
  /** The document without addresses, which differ for each add-on. */
  const withoutAddresses = (modules: readonly object[] | undefined) =>
    modules?.map((module) => {
      const { url, authentication, queryUrl, ...others } = module as Record<string, unknown>
      return { ...others, queried: queryUrl !== undefined, shown: url !== undefined }
    })

  it('can be declared: Sentry, with a hidden glance as the target of an action', () => {
    const { capabilities } = JSON.parse(
      readFileSync(
        new URL(
          '../../../src/testing/fixtures/descriptors/getsentry__sentry-hipchat-ac.json',
          import.meta.url,
        ),
        'utf8',
      ),
    )
    const picture = 'https://sentry-hipchat-ac-assets.s3.amazonaws.com/sentry-icon.png'
    const metadata = [{ attr: 'sentry_message_type', eq: 'event' }]
    const onEvents = [{ condition: 'card_matches', params: { metadata } }] as const
    const declared = capabilitiesOf((addon) => {
      addon.webPanel({ key: 'sentry.sidebar.event-details', name: 'Sentry Issue Details' }, nothing)
      addon.webPanel({ key: 'sentry.sidebar.recent-events', name: 'Recent Sentry Issues' }, nothing)
      addon.action({
        key: 'message.sentry.event-details',
        name: 'Show details',
        target: 'sentry-event-details-glance',
        location: 'hipchat.message.action',
        conditions: onEvents,
      })
      addon.action({
        key: 'message.sentry.assign-event',
        name: 'Assign',
        target: 'sentry-assign-dialog',
        location: 'hipchat.message.action',
        conditions: onEvents,
      })
      const size = { height: '400px', width: '600px' }
      addon.dialog({ key: 'sentry-assign-dialog', title: 'Assign Issue', size }, nothing)
      addon.glance({
        key: 'sentry-event-details-glance',
        name: 'Sentry Issue Details',
        target: 'sentry.sidebar.event-details',
        icon: picture,
        conditions: [
          { condition: 'glance_matches', params: { metadata: [{ attr: 'this_is_a_dummy', eq: true }] } },
        ],
      })
      addon.glance(
        {
          key: 'sentry-recent-events-glance',
          name: 'Sentry',
          target: 'sentry.sidebar.recent-events',
          icon: picture,
          conditions: [],
        },
        () => 'x',
      )
    })
    for (const kind of ['webPanel', 'action', 'dialog', 'glance'] as const)
      expect(withoutAddresses(declared[kind])).toEqual(withoutAddresses(capabilities[kind]))
  })
})

it('a server accepts an add-on with every kind of module', async () => {
  const world = await startWorld((addon) => {
    addon.glance({ key: 'g', name: 'G', icon, target: 'p' }, () => 'x')
    addon.webPanel({ key: 'p', name: 'P', icon }, nothing)
    addon.dialog({ key: 'd', title: 'D', primaryAction: 'Go', parameters: { mid: 'message.mid' } }, nothing)
    addon.action({ key: 'a', name: 'A', location: 'hipchat.message.action', target: 'd' })
    addon.externalPage({ key: 'e' }, nothing)
    addon.configurable(nothing)
    addon.adminPage(nothing)
  })
  expect((await world.install()).installation.roomId).toBe(1)
})
