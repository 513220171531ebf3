import { describe, expect, it } from 'vitest'
import {
  alwaysSent,
  array,
  boolean,
  integer,
  mapOf,
  nullable,
  object,
  oneOf,
  optional,
  type Received,
  record,
  string,
  union,
} from '../../src/common/schema.ts'
import { read } from '../../src/common/tolerant-reading.ts'
import { validate } from '../../src/common/validate.ts'

const message = object({
  id: string(),
  from: nullable(union(object({ id: integer(), name: string() }), object({ name: string() }), string())),
  topic: string({ default: '' }),
  type: alwaysSent(oneOf(['message', 'notification'])),
  color: optional(string({ maxLength: 6 })),
  is_read: optional(boolean()),
  tags: optional(array(string())),
  file: optional(object({ url: string(), size: optional(integer()) })),
  extra: optional(record()),
})

const least = { id: 'm1', from: null, topic: '' }

const readOf = (value: unknown) => {
  const found = read(message, value)
  if (!found.ok) throw new Error(found.problem.message)
  return found.value
}

describe('reading what another server sent', () => {
  it('returns the value itself when nothing has to be changed', () => {
    const value = { ...least, type: 'message', unknown: null }
    expect(readOf(value)).toBe(value)
  })

  it('treats null as absent', () => {
    expect(readOf({ ...least, color: null, type: null, tags: null, file: null })).toEqual(least)
    expect(readOf({ ...least, file: { url: 'u', size: null } })).toEqual({ ...least, file: { url: 'u' } })
  })

  it('reads a required member that is absent as its default, or as null if the schema allows null', () => {
    expect(readOf({ id: 'm1' })).toEqual(least)
    expect(readOf({ id: 'm1', topic: null, from: [] })).toEqual(least)
  })

  it('accepts unknown values, and strings of any length', () => {
    const value = { ...least, type: 'sticker', color: 'ultraviolet' }
    expect(readOf(value)).toBe(value)
    const type: Received<typeof message>['type'] = readOf(value).type
    expect(type).toBe('sticker')
  })

  it('leaves out members that cannot be read and are not required, and reports them', () => {
    expect(read(message, { ...least, tags: 'a', file: { size: 1 }, extra: [] })).toMatchObject({
      value: least,
      ignored: [
        { message: 'tags must be array, not string' },
        { message: 'file.url is missing' },
        { message: 'extra must be object, not array' },
      ],
    })
    expect(readOf({ ...least, tags: ['a', null, {}, 'b'] })).toEqual({ ...least, tags: ['a', 'b'] })
  })

  it('reads digits as a number, and a number as digits for an id or a string that is not required', () => {
    expect(readOf({ ...least, id: 17, color: 3, file: { url: 'u', size: '12' } })).toEqual({
      ...least,
      id: '17',
      color: '3',
      file: { url: 'u', size: 12 },
    })
    const either = union(integer(), string())
    expect(read(either, '17')).toMatchObject({ value: '17' })
    expect(read(either, 17)).toMatchObject({ value: 17 })
  })

  it('refuses a required array for an item that cannot be read, unless the item is null', () => {
    const page = object({ items: array(object({ id: integer() })) })
    expect(read(page, { items: [{ id: 1 }, null] })).toMatchObject({ value: { items: [{ id: 1 }] } })
    expect(read(page, { items: [{ id: 1 }, {}] })).toMatchObject({ problem: { field: 'items.1.id' } })
  })

  it('uses the first form that fits', () => {
    expect(readOf({ ...least, from: { id: null, name: 'Build' } }).from).toEqual({ id: null, name: 'Build' })
    expect(readOf({ ...least, from: 'Build' }).from).toBe('Build')
    expect(readOf({ ...least, from: {} }).from).toBe(null)
  })

  it.each([
    ['no object', 'x', 'value must be object, not string'],
    ['null', null, 'value must be object, not null'],
    ['no id', { from: null }, 'id is missing'],
    ['an id of null', { ...least, id: null }, 'id is missing'],
    ['a topic that is a number', { ...least, topic: 7 }, 'topic must be string, not number'],
    ['an id of another type', { ...least, id: {} }, 'id must be string, not object'],
  ])('refuses %s by name', (_, value, reason) => {
    expect(read(message, value)).toMatchObject({ ok: false, problem: { message: reason } })
  })

  it('keeps members with names from Object.prototype as members', () => {
    const value = JSON.parse('{"id":"m1","__proto__":{"type":"x"},"color":null}')
    expect(JSON.stringify(readOf(value))).toBe('{"id":"m1","__proto__":{"type":"x"},"from":null,"topic":""}')
    const map = JSON.parse('{"__proto__":1,"a":2,"b":"3"}')
    expect(JSON.stringify(read(mapOf(integer()), map))).toContain('{"__proto__":1,"a":2,"b":3}')
  })

  it('reads a map of a hundred thousand odd members before the test times out', () => {
    const map = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`m${index}`, {}]))
    expect(read(mapOf(integer()), map)).toMatchObject({ ok: true, value: {} })
  })

  it('uses the same schema that is exact for what is sent', () => {
    expect(validate(message, { ...least, type: 'sticker' })).toMatchObject({ ok: false })
    expect(validate(message, least)).toMatchObject({ problem: { message: 'type is missing' } })
  })
})
