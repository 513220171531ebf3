import { describe, expect, it } from 'vitest'
import { translatePattern } from '../../src/addon/pattern.ts'
import { compilePattern } from '../../src/server/connect/patterns.ts'
import { fc } from '../properties/runs.ts'

/** White_Space of Unicode, and U+FEFF, which JavaScript takes for a blank. */
const blanks = [
  ...'\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a',
  ...'\u2028\u2029\u202f\u205f\u3000\ufeff',
]
const lineEnds = '\n\v\f\r\u0085\u2028\u2029'
const letters = ['a', '-', '_', 'é', '\u200b', '\u180e', '😀', '。']

const name = (text: string) => `U+${text.codePointAt(0)?.toString(16).toUpperCase()}`

const finds = (pattern: string, text: string): boolean => compilePattern(pattern)(text)

describe('a blank in a pattern of the server', () => {
  it.each(blanks.map((blank) => [name(blank), blank]))('is found as %s', (_, blank) => {
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
    'that is typed is found as %s',
    (_, blank) => {
      for (const pattern of [
        '^/cmd x$',
        '^/cmd\\ x$',
        '^/cmd[ ]x$',
        '^/cmd[- ]x$',
        '^/cmd\\hx$',
        '^/cmd[[:blank:]]x$',
      ])
        expect(finds(pattern, `/cmd${blank}x`), pattern).toBe(true)
      expect(finds('^/cmd[^ ]x$', `/cmd${blank}x`)).toBe(false)
    },
  )

  it.each(letters.map((letter) => [name(letter), letter]))('is not found as %s', (_, letter) => {
    expect(finds('^a\\sb$', `a${letter}b`)).toBe(false)
    expect(finds('^a b$', `a${letter}b`)).toBe(false)
    expect(finds('^a\\Sb$', `a${letter}b`)).toBe(true)
    expect(finds('^a[\\S]b$', `a${letter}b`)).toBe(true)
    expect(finds('^a[^\\s]b$', `a${letter}b`)).toBe(true)
  })

  it('is an end of a range where it is one, and as it was written in a quotation', () => {
    expect(finds('^[ -~]+$', 'a b~')).toBe(true)
    expect(finds('^[ -~]+$', 'é')).toBe(false)
    expect(finds('^\\Qa b\\E$', 'a b')).toBe(true)
    expect(finds('^\\Qa b\\E$', 'a\u00a0b')).toBe(false)
  })

  it('is found wherever a RegExp finds it, whose pattern a server got', () =>
    fc.assert(
      fc.property(
        fc
          .array(
            fc.constantFrom('a', '\\s', '\\S', '[\\s-]', '[^\\s]', '[\\S]', '\\s+', '\\S*', '^', '$', '\\b'),
            {
              minLength: 1,
              maxLength: 5,
            },
          )
          .map((parts) => parts.join('')),
        fc.array(fc.constantFrom(...blanks.filter((one) => one !== '\u0085'), 'a', '-'), { maxLength: 6 }),
        (source, characters) => {
          const expression = new RegExp(source, 'u')
          const translated = translatePattern(expression)
          if (translated.ok && expression.test(characters.join('')))
            expect(finds(translated.pattern, characters.join(''))).toBe(true)
        },
      ),
    ))
})
