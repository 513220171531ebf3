import { describe, expect, it } from 'vitest'
import {
  anyText,
  type Check,
  type Checks,
  certificates,
  expecting,
  flag,
  integerFrom,
  listOf,
  milliseconds,
  objectOf,
  oneOf,
  optionsFault,
  textOf,
} from '../../src/common/checks.ts'

interface Options {
  readonly name: string
  readonly loud?: boolean
  readonly size?: { readonly width: number }
  readonly hosts?: readonly string[]
}

const checks: Checks<Options> = {
  name: anyText,
  loud: flag,
  size: objectOf({ width: integerFrom(1, 9) }, ['width']),
  hosts: listOf('host names', oneOf('a', 'b')),
}

const faultOf = (given: unknown) => optionsFault(given, checks, ['name'])

describe('options', () => {
  it.each<[string, unknown]>([
    ['all of them', { name: 'x', loud: true, size: { width: 5 }, hosts: ['a', 'b'] }],
    ['the required ones', { name: 'x' }],
    ['an optional one that is undefined', { name: 'x', loud: undefined }],
  ])('are accepted: %s', (_, given) => {
    expect(faultOf(given)).toBeUndefined()
  })

  it.each<[string, unknown, string]>([
    ['a string', 'secret', 'expected an object with the options name, loud, size, hosts; got string'],
    ['null', null, 'expected an object with the options name, loud, size, hosts; got null'],
    ['a list', [], 'expected an object with the options name, loud, size, hosts; got array'],
    ['a pattern', /x/, 'expected an object with the options name, loud, size, hosts; got RegExp'],
    ['a missing option', {}, 'the option name is missing'],
    [
      'a misspelled option, before the missing one',
      { nmae: 'x' },
      'nmae is not a known option; expected one of name, loud, size, hosts',
    ],
    [
      'an option of the prototype',
      { name: 'x', constructor: 1 },
      'constructor is not a known option; expected one of name, loud, size, hosts',
    ],
    ['an empty string', { name: '' }, 'expected name to be a non-empty string, got an empty one'],
    ['another type', { name: 'x', loud: 'yes' }, 'expected loud to be true or false, got "yes"'],
    [
      'an unknown option of an option',
      { name: 'x', size: { wdith: 1 } },
      'size.wdith is not a known option; expected one of width',
    ],
    ['a missing option of an option', { name: 'x', size: {} }, 'the option size.width is missing'],
    [
      'an invalid option of an option',
      { name: 'x', size: { width: 10 } },
      'expected size.width to be a whole number from 1 to 9, got 10',
    ],
    ['no list', { name: 'x', hosts: 'a' }, 'expected hosts to be a list of host names, got "a"'],
    ['an invalid item', { name: 'x', hosts: ['a', 'c'] }, 'expected hosts.1 to be one of a, b; got "c"'],
  ])('are refused by name: %s', (_, given, fault) => {
    expect(faultOf(given)).toBe(fault)
  })
})

describe('a check', () => {
  it.each<[Check, unknown, string]>([
    [textOf(1, 3), '', 'expected it to be a string of 1 to 3 characters, got 0'],
    [textOf(1, 3), '🙂🙂🙂🙂', 'expected it to be a string of 1 to 3 characters, got 4'],
    [textOf(1, 3), 5, 'expected it to be a string of 1 to 3 characters, got 5'],
    [milliseconds, -1, 'expected it to be a number of milliseconds from 0 to 2147483647, got -1'],
    [milliseconds, Number.NaN, 'expected it to be a number of milliseconds from 0 to 2147483647, got NaN'],
    [
      milliseconds,
      2 ** 31,
      'expected it to be a number of milliseconds from 0 to 2147483647, got 2147483648',
    ],
    [oneOf('a'), 'b', 'expected it to be a, got "b"'],
    [
      expecting('short', () => false),
      'x'.repeat(101),
      'expected it to be short, got a string of 101 characters',
    ],
  ])('%# names the option, what is expected and what it got', (check, value, fault) => {
    expect(check(value, 'it')).toBe(fault)
  })

  it('counts characters and not UTF-16 code units', () => {
    expect(textOf(1, 3)('🙂🙂🙂', 'it')).toBeUndefined()
  })

  it('of a certificate does not show the value, which may be a private key', () => {
    expect(certificates('-----BEGIN PRIVATE KEY-----', 'ca')).not.toContain('PRIVATE')
  })
})
