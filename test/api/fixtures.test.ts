import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { capabilitiesDocument } from '../../src/api/capabilities.ts'
import { descriptor, placesOf, webhooksOf } from '../../src/api/descriptor.ts'
import { deliveryBody, type EventName, eventNames } from '../../src/api/events.ts'
import { installable } from '../../src/api/installable.ts'
import { operations } from '../../src/api/operations/index.ts'
import type { Schema } from '../../src/common/schema.ts'
import { validate } from '../../src/common/validate.ts'

const folder = new URL('../../src/testing/fixtures/', import.meta.url)
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, folder), 'utf8'))
const list = (path: string): string[] =>
  readdirSync(new URL(path, folder)).filter((name) => name.endsWith('.json'))

/** What a schema says of a value: nothing, or the one sentence. */
function fault(schema: Schema, value: unknown): string | undefined {
  const checked = validate(schema, value)
  return checked.ok ? undefined : checked.problem.message
}

describe('published documents', () => {
  it.each(list('descriptors/'))('the descriptor %s is accepted', (name) => {
    expect(fault(descriptor, read(`descriptors/${name}`))).toBeUndefined()
  })

  it.each([
    ['capabilities.server.2014.json', capabilitiesDocument],
    ['capabilities.server.2017.json', capabilitiesDocument],
    ['install.room.framework.json', installable],
    ['token.one-hour.json', operations.generateToken.result.schema],
    ['room.webhook.list.empty.json', operations.getAllRoomWebhooks.result.schema],
    ['room.webhook.list.json', operations.getAllRoomWebhooks.result.schema],
    ['room.members.json', operations.getAllRoomMembers.result.schema],
    ['room.participants.page2.json', operations.getAllRoomParticipants.result.schema],
    ['room.statistics.json', operations.getRoomStatistics.result.schema],
  ] as [string, Schema][])('%s is accepted', (name, schema) => {
    expect(fault(schema, read(`api/${name}`))).toBeUndefined()
  })

  // Test data of a client library, not captures: that library's stubs carry only what its tests look at.
  it.each([
    ['room.webhook.create.response.json', 'url is missing'],
    ['room.webhook.get.json', 'id is missing'],
  ])('%s is refused for a named reason', (name, reason) => {
    expect(fault(operations.getRoomWebhook.result.schema, read(`api/${name}`))).toBe(reason)
  })
})

describe('deliveries', () => {
  it.each(list('webhooks/'))('%s is accepted', (name) => {
    const event = name.split('.')[0] as EventName // files are named after their event
    expect(fault(deliveryBody(event), read(`webhooks/${name}`))).toBeUndefined()
  })

  it('exist for each of the ten events', () => {
    const covered = new Set(list('webhooks/').map((name) => name.split('.')[0]))
    expect([...covered].sort()).toEqual([...eventNames].sort())
  })

  it('without a room are refused by name', () => {
    expect(fault(deliveryBody('room_enter'), { item: { sender: null } })).toBe('item.room is missing')
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
