import type { Schema } from '../../src/common/schema.ts'
import { anyText, fc } from '../properties/runs.ts'

/** Strings that have broken parsers before, by kind. */
const oddKinds: Readonly<Record<string, readonly string[]>> = {
  blank: ['', ' ', '\t', '\u00a0\u202f\u3000'],
  'strings that look like another type': [
    '0',
    '03',
    '-1',
    '1e999',
    'null',
    'true',
    '2017-99-99',
    'undefined',
  ],
  'names of members': ['__proto__', 'constructor', 'toString', 'hasOwnProperty'],
  'control characters': ['\u0000', 'a\u0000b', '\u202e\u0007\u001b[2J', '\r\nX-Injected: 1'],
  'half characters': ['\ud800', 'a\udfffb', '\udc00\ud800', 'x\ud83d'],
  'letters that change their length': ['ı İ ß ﬀ', 'ŉ', '\u0130'],
  mentions: ['@', '@alice @@bob @alice-san', 'cc @alice.Thanks'],
  templates: ['%s%n%x', '{{7*7}}', '#{7*7}'],
  paths: ['../../../etc/passwd', '..', 'a/../b', '%2e%2e%2f'],
  markup: [
    '<img src=x onerror=alert(1)><b>',
    '<a href="javascript:alert(1)" data-target="x">y</a>',
    '<b>'.repeat(200),
    '&amp;'.repeat(300),
    '<!--',
  ],
  patterns: ['(a+)+$', '((((((((', '\\', '[[:alpha:]]{1,1000}', '(?<n>a)\\k<n>', '(?i', '.*'],
  addresses: [
    'https://[::1',
    'javascript:alert(1)',
    'data:application/json,{}',
    '//x',
    'http://',
    'about:blank',
  ],
  long: ['a'.repeat(10_000), '😀'.repeat(3000), ' '.repeat(5000)],
}

export const oddStrings: readonly string[] = Object.values(oddKinds).flat()

const oddStringsByKind = fc.oneof(...Object.values(oddKinds).map((some) => fc.constantFrom(...some)))

const oddNumbers: readonly number[] = [
  0,
  -0,
  -1,
  1,
  2,
  3,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e300,
  Number.MAX_VALUE,
  Number.MIN_VALUE,
]

/** Values of any type instead of the right one, as far as JSON can hold them. */
export const oddValues: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, {}, [], [[]], [null], { length: -1 }, { toString: 1 }),
  oddStringsByKind,
  fc.constantFrom(...oddNumbers),
  fc.constant(JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}')),
  fc.constant(nested(300)),
  anyText(),
  fc.jsonValue(),
)

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level += 1) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

/** What a request can refer to: names and ids that exist on its target. */
export interface Known {
  readonly strings: readonly string[]
  readonly numbers: readonly number[]
  /** Values for parameters of paths, by name. */
  readonly parameters: Readonly<Record<string, readonly string[]>>
  /** Values for members and query parameters, by name; the values of others are from `strings` or generated. */
  readonly members: Readonly<Record<string, readonly unknown[]>>
}

/** Mostly values that fit the schema, and now and then, at any depth, one that does not. */
export function valuesOf(schema: Schema, known: Known): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 12, arbitrary: fittingValues(schema, known) },
    { weight: 1, arbitrary: oddValues },
  )
}

function fittingValues(schema: Schema, known: Known): fc.Arbitrary<unknown> {
  const { anyOf, enum: values, type } = schema as { anyOf?: Schema[]; enum?: unknown[]; type?: string }
  if (anyOf) return fc.oneof(...anyOf.map((one) => valuesOf(one, known)))
  if (values) return fc.constantFrom(...values)
  switch (type) {
    case 'string':
      return strings(schema, known)
    case 'integer':
    case 'number':
      return fc.oneof(fc.constantFrom(...known.numbers), fc.nat(200), fc.constantFrom(...oddNumbers))
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(valuesOf((schema['items'] as Schema | undefined) ?? {}, known), { maxLength: 4 })
    case 'object':
      return objects(schema, known)
    default:
      return oddValues
  }
}

function strings(schema: Schema, known: Known): fc.Arbitrary<string> {
  const {
    pattern,
    minLength = 0,
    maxLength = 60,
  } = schema as {
    pattern?: string
    minLength?: number
    maxLength?: number
  }
  const fits = known.strings.filter(({ length }) => length >= minLength && length <= maxLength)
  const fitting = [
    ...(fits.length === 0 ? [] : [fc.constantFrom(...fits)]),
    fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, minLength + 40) }),
  ]
  const wanted =
    pattern === undefined || /\(\?[=!<]/.test(pattern) // fast-check does not support lookaround
      ? fc.oneof(...fitting)
      : fc.oneof({ weight: 4, arbitrary: fc.stringMatching(new RegExp(pattern)) }, ...fitting)
  return fc.oneof({ weight: 6, arbitrary: wanted }, { weight: 1, arbitrary: oddStringsByKind })
}

/** Values of a member or parameter: by its name if that is known, by its schema otherwise. */
export function membersOf(name: string, schema: Schema, known: Known): fc.Arbitrary<unknown> {
  const given = known.members[name]
  const values = valuesOf(schema, known)
  return given === undefined
    ? values
    : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...given) }, { weight: 1, arbitrary: values })
}

/**
 * Values sent under these names count as secrets, and every answer and log line is searched for them: such a member gets
 * values that are sent nowhere else.
 */
const secretMembers = new Set([
  'password',
  'oauthSecret',
  'refresh_token',
  'access_token',
  'code',
  'client_secret',
])
const secretValues = fc.constantFrom<unknown>(
  '',
  'x',
  'correct-horse-battery',
  'ünïcödé-pässwörd',
  null,
  7,
  {},
  [],
)

function objects(schema: Schema, known: Known): fc.Arbitrary<unknown> {
  const { properties = {}, required = [] } = schema as {
    properties?: Record<string, Schema>
    required?: string[]
  }
  const members = Object.fromEntries(
    Object.entries(properties).map(([name, member]) => [
      name,
      secretMembers.has(name) ? secretValues : membersOf(name, member, known),
    ]),
  )
  // now and then a required member is missing, or there is an unknown one
  return fc.oneof(
    { weight: 10, arbitrary: fc.record(members, { requiredKeys: required }) },
    { weight: 1, arbitrary: fc.record(members, { requiredKeys: [] }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.record(members, { requiredKeys: required }), fc.dictionary(anyText(20), oddValues))
        .map(([right, more]) => ({ ...more, ...right })),
    },
  )
}
