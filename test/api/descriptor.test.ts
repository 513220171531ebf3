import { describe, expect, it } from 'vitest'
import { descriptor, placesOf, webhooksOf } from '../../src/api/descriptor.ts'
import { fault, list, read } from './fixtures.ts'

describe('published documents', () => {
  it.each(list('descriptors/'))('the descriptor %s is accepted', (name) => {
    expect(fault(descriptor, read(`descriptors/${name}`))).toBeUndefined()
  })
})

describe('the descriptor schema', () => {
  const least = { key: 'k', name: 'n', description: '', links: { self: 'https://a.example/' } }

  it('accepts the smallest descriptor that HipChat accepted, and by default allows all installations', () => {
    expect(fault(descriptor, least)).toBeUndefined()
    expect(placesOf(least)).toEqual({ room: true, global: true })
  })

  it('accepts one webhook as an object instead of an array', () => {
    const webhook = { url: 'https://a.example/hook', event: 'room_message' as const }
    const document = { ...least, capabilities: { webhook } }
    expect(fault(descriptor, document)).toBeUndefined()
    expect(webhooksOf(document)).toEqual([webhook])
  })

  it.each([
    [
      'links in the wrong place',
      { ...least, links: undefined, capabilities: { links: {} } },
      'links is missing',
    ],
    [
      'an unknown event',
      { ...least, capabilities: { webhook: [{ url: 'u', event: 'room_left' }] } },
      /webhook\.0\.event must be one of room_message/,
    ],
    [
      'a surplus member of vendor',
      { ...least, vendor: { name: 'n', url: 'u', mail: 'm' } },
      'vendor.mail is not a known member',
    ],
    [
      'an unknown scope',
      { ...least, capabilities: { hipchatApiConsumer: { scopes: ['everything'] } } },
      /scopes\.0 must be one of admin_group/,
    ],
    [
      'a key with a space',
      { ...least, capabilities: { dialog: [{ key: 'a b', url: 'u', title: { value: 't' } }] } },
      /dialog\.0\.key must match pattern/,
    ],
    [
      'a plain text where a translated one belongs',
      { ...least, capabilities: { externalPage: [{ key: 'k', url: 'u', name: 'n' }] } },
      'capabilities.externalPage.0.name must be object, not string',
    ],
    [
      'a third level of conditions',
      {
        ...least,
        capabilities: {
          action: [
            {
              key: 'k',
              name: { value: 'n' },
              target: 't',
              location: 'hipchat.input.action',
              conditions: [
                { type: 'or', conditions: [{ type: 'or', conditions: [{ type: 'or', conditions: [] }] }] },
              ],
            },
          ],
        },
      },
      /conditions/,
    ],
  ])('refuses %s', (_, document, reason) => {
    expect(fault(descriptor, document)).toMatch(reason)
  })
})
