import { describe, expect, it } from 'vitest'
import { translatePattern } from '../../../src/addon/deliveries/pattern.ts'
import { withPlainSpaces } from '../../../src/addon/deliveries/whitespace.ts'
import { compilePattern } from '../../../src/server/addons/pattern-compiler.ts'
import { fc } from '../../properties/runs.ts'
import { startWorld } from '../../support.ts'

/** Unicode's White_Space, and U+FEFF, which is whitespace in JavaScript. */
const blanks = [
  ...'\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a',
  ...'\u2028\u2029\u202f\u205f\u3000\ufeff',
]
const lineEnds = '\n\v\f\r\u0085\u2028\u2029'
const letters = ['a', '-', '_', 'é', '\u200b', '\u180e', '😀', '。']

const name = (text: string) => `U+${text.codePointAt(0)?.toString(16).toUpperCase()}`

const finds = (pattern: string, text: string): boolean => compilePattern(pattern)(text)

describe('a space in a pattern of the server', () => {
  it.each(blanks.map((blank) => [name(blank), blank]))('matches %s', (_, blank) => {
    expect(finds('^/cmd\\s', `/cmd${blank}x`)).toBe(true)
    expect(finds('^/cmd(?:\\s+([\\s\\S]*))?$', `/cmd${blank}x`)).toBe(true)
    expect(finds('^a[\\s]b$', `a${blank}b`)).toBe(true)
    expect(finds('^a[x\\s-]b$', `a${blank}b`)).toBe(true)
    expect(finds('^a[[:space:]]b$', `a${blank}b`)).toBe(true)
    expect(finds('^a\\Sb$', `a${blank}b`)).toBe(false)
    expect(finds('^a[^\\s]b$', `a${blank}b`)).toBe(false)
    expect(finds('^a[\\S]b$', `a${blank}b`)).toBe(false)
    expect(finds('^a[\\S_]b$', `a${blank}b`)).toBe(false)
    expect(finds('^a[\\s\\S]b$', `a${blank}b`)).toBe(true)
    expect(finds('\\bcmd\\b', `x${blank}cmd${blank}y`)).toBe(true)
  })

  it.each(blanks.filter((one) => !lineEnds.includes(one)).map((blank) => [name(blank), blank]))(
    'that is typed in a command matches %s',
    (_, blank) => {
      for (const pattern of [
        '^/cmd x$',
        '^/cmd\\ x$',
        '^/cmd[ ]x$',
        '^/cmd[- ]x$',
        '^/cmd\\hx$',
        '^/cmd[[:blank:]]x$',
        '^/cmd\\x20x$',
        '^/cmd\\x{20}x$',
        '^/cmd\\u0020x$',
        '^/cmd\\040x$',
        '^/cmd[\\x20_]x$',
        '^/cmd\u00a0x$',
        '^/cmd\\xa0x$',
        '^/cmd[\\u3000]x$',
        '^/cmd.x$',
      ])
        expect(finds(pattern, `/cmd${blank}x`), pattern).toBe(true)
      for (const pattern of ['^/cmd[^ ]x$', '^/cmd[^\\x20]x$', '^/cmd\\Hx$', '^/cmd[\\H]x$', '^/cmd\\nx$'])
        expect(finds(pattern, `/cmd${blank}x`), pattern).toBe(false)
    },
  )

  it.each(letters.map((letter) => [name(letter), letter]))('does not match %s', (_, letter) => {
    expect(finds('^a\\sb$', `a${letter}b`)).toBe(false)
    expect(finds('^a b$', `a${letter}b`)).toBe(false)
    expect(finds('^a\\Sb$', `a${letter}b`)).toBe(true)
    expect(finds('^a[\\S]b$', `a${letter}b`)).toBe(true)
    expect(finds('^a[^\\s]b$', `a${letter}b`)).toBe(true)
  })

  it('matches like a wide space in a range and in a quotation, too', () => {
    for (const blank of [' ', '\u00a0', '\u3000']) {
      expect(finds('^[ -~]+$', `a${blank}b~`)).toBe(true)
      expect(finds('^[\\x20-\\x7e]+$', `a${blank}b~`)).toBe(true)
      expect(finds('^a[\\u2000-\\u200a]b$', `a${blank}b`)).toBe(true)
      expect(finds('^\\Qa b\\E$', `a${blank}b`)).toBe(true)
      expect(finds('^\\Qa\u00a0b\\E$', `a${blank}b`)).toBe(true)
    }
    expect(finds('^[ -~]+$', 'é')).toBe(false)
    expect(finds('^[ -~]+$', 'a\tb')).toBe(false)
  })

  it('stays excluded from a class that excludes wide spaces', () => {
    expect(finds('^[^\\u00a0]+$', 'a b')).toBe(true)
    expect(finds('^[^\\u0080-\\uffff]+$', 'a b\nc')).toBe(true)
    expect(finds('^[^\\u0080-\\uffff]+$', 'é')).toBe(false)
    expect(finds('^[\\u00c0-\\u017f]+$', 'a b')).toBe(false)
  })

  it('does not turn other characters into a range', () => {
    expect(finds('^[ab-]+$', 'a-b')).toBe(true)
    expect(finds('^[]-a]+$', ']^a')).toBe(true)
    expect(finds('^[\\s-]+$', ' -')).toBe(true)
    expect(finds('^[\\w-z]+$', 'a-z')).toBe(true)
    expect(finds('^[\\t-\\r]+$', '\n\r\f')).toBe(true)
    expect(() => compilePattern('[z-a]')).toThrow(/invalid character class range: `z-a`/)
  })

  it('matches wherever the RegExp matches that the server got', () =>
    fc.assert(
      fc.property(
        fc
          .array(
            fc.constantFrom(
              ...['a', '\\s', '\\S', '[\\s-]', '[^\\s]', '[\\S]', '\\s+', '\\S*', '^', '$', '\\b'],
              ...['.', ' ', '\\x20', '[ ]', '\\u00a0', '[\\u00a0]', '[^\\u00a0]', '[\\u2000-\\u3000]'],
              ...['\\n', '\\r', '[\\n\\r]', '[^\\r\\n]', '\\u2028', '[^\\u2028]', '[\\t-\\r]', '[ -~]'],
            ),
            {
              minLength: 1,
              maxLength: 5,
            },
          )
          .map((parts) => parts.join('')),
        fc.array(fc.constantFrom(...blanks.filter((one) => !'\r\u0085'.includes(one)), 'a', '-'), {
          maxLength: 6,
        }),
        fc.constantFrom('u', 'mu', 'su', 'msu'),
        (source, characters, flags) => {
          const expression = new RegExp(source, flags)
          const translated = translatePattern(expression)
          const text = characters.join('')
          // Here a class such as `[^\r\n]` matches U+2028; there it is a line end and does not match.
          if (translated.ok && expression.test(text) && expression.test(withPlainSpaces(text)))
            expect(finds(translated.pattern, text)).toBe(true)
        },
      ),
    ))
})

/** Everything that ends a line. */
const ends = ['\n', '\r', '\r\n', '\u0085', '\u2028', '\u2029']

describe('a line end in a pattern of the server', () => {
  it.each(ends.map((end) => [JSON.stringify(end), end]))('matches %s', (_, end) => {
    const text = `one${end}two`
    for (const pattern of [
      '(?m)^two$',
      '(?m)^one$',
      '(?m)one$',
      'one\\ntwo',
      'one\\r?\\ntwo',
      'one\\r\\ntwo',
      'one\\x{0d}\\x{0a}two',
      'one\\x{2028}two',
      'one\\u0085two',
      'one[\\r\\n]+two',
      'one[\\u2028\\u2029]two',
      'one\\stwo',
      '(?s)one.two',
      '^one[\\s\\S]+two$',
      '\\Qone\n\\Etwo',
    ])
      expect(finds(pattern, text), pattern).toBe(true)
    for (const pattern of [
      '^two',
      'one$',
      'one.two',
      'one.+two',
      '^[^\\n]+$',
      '^[^\\r\\n]+$',
      'one\\Stwo',
      'one two',
      'one\\htwo',
      'one\\n\\ntwo',
    ])
      expect(finds(pattern, text), pattern).toBe(false)
  })

  it.each(ends.map((end) => [JSON.stringify(end), end]))(
    'is matched by the handler of an add-on as %s',
    async (_, end) => {
      const { install, say } = await startWorld((addon) => {
        addon.webhook('room_message', { pattern: /^two (\w+)$/m }, ({ match }) => `line ${match?.[1]}`)
        addon.webhook('room_message', { pattern: /^one\ntwo/ }, () => 'both')
      })
      await install()
      expect((await say(`one${end}two x`)).sort()).toEqual(['both', 'line x'])
    },
  )
})
