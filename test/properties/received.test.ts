import { describe, expect, it } from 'vitest'
import { capabilitiesDocument } from '../../src/api/capabilities.ts'
import { deliveryBody, eventNames } from '../../src/api/events.ts'
import { installable, installableUpdate } from '../../src/api/installable.ts'
import { operations } from '../../src/api/operations/index.ts'
import { neededMembers, type Schema } from '../../src/common/schema.ts'
import { read } from '../../src/common/tolerant-reading.ts'
import { validate } from '../../src/common/validate.ts'
import { fc } from './runs.ts'

type Json = Record<string, unknown>

/** Everything that a server sends to an add-on, by its schema. */
const received: [string, Schema][] = [
  ...Object.entries(operations).flatMap(([id, { result }]): [string, Schema][] =>
    result.kind === 'json' ? [[`the result of ${id}`, result.schema]] : [],
  ),
  ...eventNames.map((name): [string, Schema] => [`the delivery of ${name}`, deliveryBody(name)]),
  ['the capabilities document', capabilitiesDocument],
  ['the record of an installation', installable],
  ['the record of an update', installableUpdate],
]

const propertiesOf = (schema: Schema) => (schema['properties'] ?? {}) as Record<string, Schema>
const neededOf = (schema: Schema) => (schema as { [neededMembers]?: string[] })[neededMembers] ?? []

/** Values that fit a schema exactly, with all members or with some of the optional ones. */
function fitting(schema: Schema): fc.Arbitrary<unknown> {
  const { anyOf, type, enum: words, items, minLength = 0, additionalProperties } = schema
  if (anyOf) return fc.oneof(...(anyOf as Schema[]).map(fitting))
  if (words) return fc.constantFrom(...(words as string[]))
  switch (type) {
    case 'string':
      return fc.string({ minLength: Number(minLength), maxLength: 20 })
    case 'integer':
      return fc.nat()
    case 'number':
      return fc.nat()
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(fitting(items as Schema), { minLength: 1, maxLength: 3 })
    case 'object': {
      if (typeof additionalProperties === 'object')
        return fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fitting(additionalProperties as Schema))
      const members = Object.entries(propertiesOf(schema)).map(([name, member]) => [name, fitting(member)])
      return fc.record(Object.fromEntries(members), { requiredKeys: schema['required'] as never })
    }
    default:
      return fc.jsonValue()
  }
}

interface Change {
  readonly what: string
  readonly apply: (object: Json) => void
}

/** Changes that other servers make to an object of a schema, member by member. */
function changes(schema: Schema): Change[] {
  const needed = neededOf(schema)
  return [
    { what: 'an unknown member', apply: (object) => Object.assign(object, { 'x-new': { deep: [null] } }) },
    ...Object.entries(propertiesOf(schema)).flatMap(([name, member]): Change[] => [
      ...(needed.includes(name)
        ? []
        : [
            { what: `no ${name}`, apply: (object: Json) => delete object[name] },
            ...[null, [], {}, 7, 'unheard-of', true].map((value) => ({
              what: `${name}: ${JSON.stringify(value)}`,
              apply: (object: Json) => Object.assign(object, { [name]: value }),
            })),
          ]),
      ...(member['enum']
        ? [{ what: `a new ${name}`, apply: (object: Json) => Object.assign(object, { [name]: 'brand-new' }) }]
        : []),
    ]),
  ]
}

/** Every object in a value together with the schema it has. */
function objectsOf(schema: Schema, value: unknown): [Schema, Json][] {
  const { anyOf, items } = schema
  if (anyOf)
    return (anyOf as Schema[])
      .filter((branch) => validate(branch, value).ok)
      .slice(0, 1)
      .flatMap((branch) => objectsOf(branch, value))
  if (Array.isArray(value)) return value.flatMap((item) => objectsOf(items as Schema, item))
  if (typeof value !== 'object' || value === null) return []
  const members = value as Json
  return [
    [schema, members],
    ...Object.entries(propertiesOf(schema)).flatMap(([name, member]) =>
      Object.hasOwn(members, name) ? objectsOf(member, members[name]) : [],
    ),
  ]
}

describe('data from a server', () => {
  it.each(received)('is read if it fits the schema exactly: %s', (_, schema) => {
    fc.assert(
      fc.property(fitting(schema), (value) => {
        expect(validate(schema, value)).toMatchObject({ ok: true })
        expect(read(schema, value)).toMatchObject({ ok: true, ignored: [] })
      }),
      { numRuns: 30 },
    )
  })

  it.each(received)(
    'is read without, with null for, or with another form of what is not needed: %s',
    (_, schema) => {
      fc.assert(
        fc.property(fitting(schema), fc.nat(), fc.nat(), (value, place, which) => {
          const copy = structuredClone(value)
          const objects = objectsOf(schema, copy)
          const [of, object] = objects[place % Math.max(objects.length, 1)] ?? []
          if (!of || !object) return
          const possible = changes(of)
          const change = possible[which % possible.length]
          change?.apply(object)
          const found = read(schema, copy)
          expect(found, `${change?.what} in ${JSON.stringify(copy)}`).toMatchObject({ ok: true })
        }),
      )
    },
  )

  it.each(received)('is refused by name if something required is missing: %s', (_, schema) => {
    for (const name of neededOf(schema)) {
      const member = propertiesOf(schema)[name] ?? {}
      if (member['default'] !== undefined || validate(member, null).ok) continue
      fc.assert(
        fc.property(fitting(schema), (value) => {
          const { [name]: _gone, ...rest } = value as Json
          expect(read(schema, rest)).toMatchObject({ ok: false, problem: { rule: 'required', field: name } })
        }),
        { numRuns: 5 },
      )
    }
  })
})
