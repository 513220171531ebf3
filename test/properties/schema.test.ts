import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { card } from '../../src/api/card.ts'
import { descriptor } from '../../src/api/descriptor.ts'
import { deliveryBody, eventNames } from '../../src/api/events.ts'
import { toNotification } from '../../src/client/notification.ts'
import type { Schema } from '../../src/common/schema.ts'
import { validate } from '../../src/common/validate.ts'
import { HipChatAddonError } from '../../src/errors.ts'
import { createAddon } from '../../src/index.ts'
import { anything, fc } from './runs.ts'

describe('a schema', () => {
  const schemas: [string, Schema][] = [
    ['descriptor', descriptor],
    ['card', card],
    ...eventNames.map((name): [string, Schema] => [name, deliveryBody(name)]),
  ]

  it.each(schemas)('%s accepts or refuses any value, and names what is wrong', (_, schema) => {
    fc.assert(
      fc.property(anything, (value) => {
        const checked = validate(schema, value)
        if (!checked.ok) expect(checked.problem.message).not.toBe('')
      }),
    )
  })

  it('never accepts a notification that HipChat would refuse', () =>
    fc.assert(
      fc.property(anything, (value) => {
        try {
          expect(toNotification(value)).toMatchObject({ message: expect.any(String) })
        } catch (error) {
          expect(error).toBeInstanceOf(HipChatAddonError)
        }
      }),
    ))
})
const text = (maxLength: number) =>
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: Math.floor(maxLength / 8) })

const icon = fc.oneof(
  text(100),
  fc.record({ url: text(100), 'url@2x': text(100) }, { requiredKeys: ['url'] }),
)

/** Cards of all forms that HipChat accepted. */
const cards = fc.record(
  {
    style: fc.constantFrom('file', 'image', 'application', 'link', 'media'),
    id: text(100),
    title: text(500),
    url: text(100),
    description: fc.oneof(
      text(500),
      fc.record({ value: text(1000), format: fc.constantFrom('html', 'text') }),
    ),
    format: fc.constantFrom('compact', 'medium'),
    thumbnail: fc.record({ url: text(250), width: fc.nat(), height: fc.nat() }, { requiredKeys: ['url'] }),
    icon,
    activity: fc.record({ html: text(200), icon }, { requiredKeys: ['html'] }),
    attributes: fc.array(
      fc.record(
        {
          label: text(50),
          value: fc.record(
            { label: text(50), url: text(50), style: fc.constantFrom('lozenge', 'lozenge-error'), icon },
            { requiredKeys: ['label'] },
          ),
        },
        { requiredKeys: ['value'] },
      ),
      { minLength: 1, maxLength: 10 },
    ),
  },
  { requiredKeys: ['style', 'id', 'title'] },
)

/** All places in a value, as paths. */
function pathsOf(value: unknown, before: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => [
    [...before, name],
    ...pathsOf(member, [...before, name]),
  ])
}

/** The same value with another value in one place. */
function replaced(value: unknown, [name, ...rest]: readonly string[], by: unknown): unknown {
  if (name === undefined) return by
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) }
  const members = copy as Record<string, unknown> // a list has its places for names
  members[name] = replaced(members[name], rest, by)
  return copy
}

describe('a card', () => {
  it('of any form is accepted, alone and in a notification', () =>
    fc.assert(
      fc.property(cards, (given) => {
        expect(validate(card, given)).toEqual({ ok: true, value: given })
        const notification = toNotification({ message: 'x', card: given })
        expect(JSON.parse(JSON.stringify(notification)).card).toEqual(JSON.parse(JSON.stringify(given)))
      }),
    ))

  it('with a wrong type in any one place is refused, and the place is named', () =>
    fc.assert(
      fc.property(
        cards,
        fc.nat(),
        fc.constantFrom<unknown>(true, null, [[]], () => {}),
        (given, at, odd) => {
          const paths = pathsOf(given)
          const path = paths[at % paths.length] ?? []
          const checked = validate(card, replaced(given, path, odd))
          expect(checked.ok).toBe(false)
          if (!checked.ok)
            expect(path.join('.').startsWith(checked.problem.field.split('.')[0] ?? '?')).toBe(true)
        },
      ),
    ))

  it('longer than its limits is refused by name', () =>
    fc.assert(
      fc.property(
        cards,
        fc.constantFrom(['title', 500], ['description', 500]),
        fc.nat(50),
        (given, [name, most], more) => {
          const checked = validate(card, { ...given, [String(name)]: 'x'.repeat(Number(most) + 1 + more) })
          expect(checked).toMatchObject({ ok: false, problem: { field: name } })
        },
      ),
    ))
})

const folder = new URL('../../src/testing/fixtures/descriptors/', import.meta.url)
const published = readdirSync(folder).map((file): [string, object] => [
  file,
  JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as object, // a published descriptor
])

describe('a descriptor', () => {
  it.each(published)('%s, without a required member, is refused by that name', (_, document) => {
    for (const name of ['key', 'name', 'description', 'links']) {
      const { [name]: out, ...rest } = document as Record<string, unknown>
      expect(out).toBeDefined()
      expect(validate(descriptor, rest)).toMatchObject({
        ok: false,
        problem: { field: name, rule: 'required' },
      })
    }
  })

  it.each(published)('%s is accepted with unknown members', (_, document) => {
    fc.assert(
      fc.property(fc.stringMatching(/^x-[a-z]{1,9}$/), fc.jsonValue(), (name, value) => {
        expect(validate(descriptor, { ...document, [name]: value }).ok).toBe(true)
      }),
    )
  })

  it('is made from any options and accepted by a server, or the options are refused by name', () =>
    fc.assert(
      fc.property(
        fc.record({
          key: fc.oneof(fc.string(), fc.stringMatching(/^[a-z.]{1,20}$/)),
          name: fc.string({ unit: 'grapheme' }),
          description: fc.string({ unit: 'binary' }),
          homepage: fc.option(fc.webUrl(), { nil: undefined }),
        }),
        fc.array(fc.constantFrom(...eventNames), { maxLength: 3 }),
        fc.stringMatching(/^\w{0,8}$/),
        (options, events, word) => {
          try {
            const addon = createAddon({
              ...options,
              scopes: ['send_notification'],
              store: 'memory:',
              log: false,
              baseUrl: 'http://localhost:1',
            })
            events.forEach((event, index) => {
              addon.webhook(event, { key: `hook-${index}` }, () => undefined)
            })
            addon.command(`/${word} [rest...]`, () => undefined)
            const sent = JSON.parse(JSON.stringify(addon.descriptor)) as typeof addon.descriptor // as it is served
            expect(validate(descriptor, sent)).toMatchObject({ ok: true })
            expect(sent).toMatchObject({ key: options.key, name: options.name })
            expect([sent.capabilities?.webhook].flat()).toHaveLength(events.length + 1)
          } catch (error) {
            if (!(error instanceof HipChatAddonError)) throw error
            expect(error.code).toBe('ERR_CONFIGURATION')
          }
        },
      ),
    ))
})
