import { describe, expect, it } from 'vitest'
import {
  anything,
  array,
  boolean,
  closedObject,
  type Infer,
  integer,
  mapOf,
  nullable,
  number,
  object,
  oneOf,
  optional,
  record,
  type Schema,
  string,
  union,
} from '../../src/common/schema.ts'
import { problemsOf, validate } from '../../src/common/validate.ts'

const card = object({
  id: string({ minLength: 1, maxLength: 5 }),
  style: oneOf(['file', 'link']),
  width: optional(integer({ minimum: 1 })),
  thumbnail: optional(object({ url: string(), size: nullable(number()) })),
  tags: optional(array(string(), { maxItems: 2 })),
  title: optional(union(string(), object({ value: string(), escape: optional(boolean()) }))),
})

function problem(schema: Schema, value: unknown) {
  const result = validate(schema, value)
  if (result.ok) throw new Error('expected a problem')
  return result.problem
}

describe('validating', () => {
  it('returns the same value, with unknown members and without defaults', () => {
    const value = { id: 'a', style: 'file', unknown: 1 }
    const result = validate(card, value)
    expect(result.ok && result.value).toBe(value)
    const typed: Infer<typeof card> | undefined = result.ok ? result.value : undefined
    expect(typed?.style).toBe('file')
  })

  it('names a missing member by its path', () => {
    expect(problem(card, { style: 'file' })).toEqual({
      field: 'id',
      rule: 'required',
      expected: 'present',
      message: 'id is missing',
    })
    const nested = { id: 'a', style: 'file', thumbnail: { size: null } }
    expect(problem(card, nested)).toMatchObject({
      field: 'thumbnail.url',
      message: 'thumbnail.url is missing',
    })
  })

  it('names the expected and the actual type', () => {
    expect(problem(card, { id: 7, style: 'file' })).toEqual({
      field: 'id',
      rule: 'type',
      expected: 'string',
      value: 7,
      message: 'id must be string, not number',
    })
    expect(problem(card, 'text')).toMatchObject({ field: '', message: 'value must be object, not string' })
    expect(problem(card, null)).toMatchObject({ message: 'value must be object, not null' })
    expect(problem(card, [])).toMatchObject({ message: 'value must be object, not array' })
    const tags = { id: 'a', style: 'file', tags: ['x', false] }
    expect(problem(card, tags)).toMatchObject({
      field: 'tags.1',
      message: 'tags.1 must be string, not boolean',
    })
  })

  it('lists the allowed values', () => {
    expect(problem(card, { id: 'a', style: 'secret' })).toMatchObject({
      field: 'style',
      rule: 'enum',
      expected: ['file', 'link'],
      value: 'secret',
      message: 'style must be one of file, link',
    })
  })

  it('reports the length of a string that is too long or too short, in characters', () => {
    expect(problem(card, { id: '', style: 'file' }).message).toMatch(/^id must NOT have fewer .*, got 0$/)
    expect(problem(card, { id: '😀😀😀😀😀😀', style: 'file' }).message).toMatch(
      /^id must NOT have more .*, got 6$/,
    )
    expect(validate(card, { id: '😀😀😀😀😀', style: 'file' }).ok).toBe(true)
  })

  it('never repeats a value in its message', () => {
    for (const value of [{ id: 'geheimnis', style: 'file' }, { id: 'a', style: 'geheimnis' }, 'geheimnis'])
      expect(problem(card, value).message).not.toContain('geheimnis')
  })

  it('names the types of all branches when none fits', () => {
    expect(problem(card, { id: 'a', style: 'file', title: 7 })).toMatchObject({
      field: 'title',
      expected: ['string', 'object'],
      message: 'title must be string or object, not number',
    })
    expect(problem(nullable(integer()), 'x')).toMatchObject({
      message: 'value must be integer or null, not string',
    })
  })

  it('names the fault inside the branch that was meant', () => {
    const title = { value: 'x', escape: 'yes' }
    expect(problem(card, { id: 'a', style: 'file', title })).toMatchObject({
      field: 'title.escape',
      message: 'title.escape must be boolean, not string',
    })
    expect(problem(card, { id: 'a', style: 'file', title: {} })).toMatchObject({
      field: 'title.value',
      message: 'title.value is missing',
    })
    const deep = object({ a: union(object({ b: union(integer(), object({ c: string() })) }), string()) })
    expect(problem(deep, { a: { b: { c: 1 } } })).toMatchObject({
      field: 'a.b.c',
      message: 'a.b.c must be string, not number',
    })
  })

  it('names a member that a closed object does not know', () => {
    const closed = object({ inner: closedObject({ a: optional(string()) }) })
    expect(problem(closed, { inner: { a: 'x', b: 1 } })).toMatchObject({
      field: 'inner.b',
      rule: 'additionalProperties',
      message: 'inner.b is not a known member',
    })
  })

  it('unescapes names in paths', () => {
    expect(problem(mapOf(string()), { 'a/b~c': 1 })).toMatchObject({ field: 'a/b~c' })
  })

  it('accepts any value for anything()', () => {
    const loose = object({ any: anything(), map: record() })
    expect(validate(loose, { any: null, map: { x: [] } }).ok).toBe(true)
    expect(problem(loose, { any: 1, map: [] })).toMatchObject({
      field: 'map',
      message: 'map must be object, not array',
    })
  })
})

describe('finding all problems', () => {
  const all = (schema: Schema, value: unknown) => problemsOf(schema, value).map(({ message }) => message)

  it('finds none in a valid value', () => {
    expect(all(card, { id: 'a', style: 'file' })).toEqual([])
  })

  it('finds one for each wrong member', () => {
    const value = { id: 'abcdefg', style: 'sheet', width: 'wide', thumbnail: {}, tags: ['a', 5] }
    expect(all(card, value).toSorted()).toEqual([
      'id must NOT have more than 5 characters, got 7',
      'style must be one of file, link',
      'tags.1 must be string, not number',
      'thumbnail.size is missing',
      'thumbnail.url is missing',
      'width must be integer, not string',
    ])
  })

  it('finds for a union only the problems of the branch that was meant', () => {
    const hook = object({ url: string(), event: oneOf(['enter', 'exit']) })
    const one = union(array(hook), hook)
    expect(all(one, [{ url: 1, event: 'enter' }, { event: 'leave' }]).toSorted()).toEqual([
      '0.url must be string, not number',
      '1.event must be one of enter, exit',
      '1.url is missing',
    ])
    expect(all(one, { url: 'u', event: 'leave' })).toEqual(['event must be one of enter, exit'])
    expect(all(one, 'hook')).toEqual(['value must be array or object, not string'])
    const leaf = closedObject({ name: oneOf(['admin', 'guest']) })
    const either = union(leaf, closedObject({ type: oneOf(['and']), all: array(leaf) }))
    expect(
      all(array(either), [{ name: 'admn' }, { type: 'and', all: [{ name: 'x' }, { name: 'y' }] }]),
    ).toEqual([
      '0.name must be one of admin, guest',
      '1.all.0.name must be one of admin, guest',
      '1.all.1.name must be one of admin, guest',
    ])
  })
})
