import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { translatePattern } from '../../src/addon/deliveries/pattern.ts'
import { compilePattern, PatternRefusedError } from '../../src/server/addons/pattern-compiler.ts'
import { anyText, fc } from './runs.ts'

describe('a pattern', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    '.',
    '\\d',
    '\\s',
    '\\w',
    '[ab]',
    '[^a]',
    '(?:ab)',
    '(a)',
    '(?<n>b)',
    '\\u0061',
    '\\x62',
    '\\/',
    '\\.',
    '^',
    '$',
    '\\b',
  )
  const repeat = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,2}', '*?')
  const source = fc
    .array(fc.tuple(atom, repeat), { minLength: 1, maxLength: 6 })
    .map((parts) =>
      parts
        .map(
          ([one, times], index) =>
            (one === '(?<n>b)' ? `(?<n${index}>b)` : one) + (/^(\^|\$|\\b)$/.test(one) ? '' : times),
        )
        .join(''),
    )

  it('matches on the server whatever it matches in the add-on', () =>
    fc.assert(
      fc.property(
        source,
        fc.constantFrom('', 'i', 'm', 's', 'im'),
        fc.stringMatching(/^[ab1 /.\n]{0,12}$/),
        (text, flags, message) => {
          const expression = new RegExp(text, flags)
          const translated = translatePattern(expression)
          fc.pre(translated.ok)
          if (translated.ok && expression.test(message))
            expect(RE2JS.compile(translated.pattern).matcher(message).find()).toBe(true)
        },
      ),
    ))

  it('from any valid RegExp is translated to one that compiles, or is not translated', () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), (text) => {
        let expression: RegExp
        try {
          expression = new RegExp(text)
        } catch {
          return
        }
        const translated = translatePattern(expression)
        if (translated.ok) RE2JS.compile(translated.pattern)
      }),
    ))

  it('matches on the server exactly what it matches in the add-on, for characters that both know', () =>
    fc.assert(
      fc.property(
        fc.tuple(
          source,
          source,
          fc.constantFrom('', '|', '[^]', '[^]*?', '(?:', '\\n', '[\\b.]', '[[]', '[[:alpha:]'),
        ),
        fc.constantFrom('', 'i', 'm', 's', 'im', 'g', 'u', 'gu'),
        fc.stringMatching(/^[abAB1 /.:\]\n[]{0,12}$/),
        ([left, right, between], flags, message) => {
          const named = right.replace(/\?<n/g, '?<m') // a name once in each expression
          const text = between === '(?:' ? `${left}(?:${named})` : left + between + named
          const expression = new RegExp(text, flags)
          const translated = translatePattern(expression)
          expect(translated).toMatchObject({ ok: true })
          if (!translated.ok) return
          expression.lastIndex = 0
          // For these characters, JavaScript's `$` with the flag m and its `\b` have the same meaning.
          expect(compilePattern(translated.pattern)(message)).toBe(
            new RegExp(text, flags.replace('g', '')).test(message),
          )
        },
      ),
    ))

  it('with a lookaround or backreference is left to the add-on', () =>
    fc.assert(
      fc.property(
        source,
        fc.constantFrom('(?=a)', '(?!a)', '(?<=a)', '(?<!a)', '(a)\\1', '(?<k>a)\\k<k>'),
        (text, odd) => {
          expect(translatePattern(new RegExp(text + odd))).toMatchObject({
            ok: false,
            reason: expect.any(String),
          })
        },
      ),
    ))

  it('of the server is accepted or refused by name, whatever the string', () =>
    fc.assert(
      fc.property(fc.oneof(anyText(60), fc.string(), source), fc.string(), (text, message) => {
        try {
          expect(typeof compilePattern(text)(message)).toBe('boolean')
        } catch (error) {
          expect(error).toBeInstanceOf(PatternRefusedError)
        }
      }),
    ))

  it.each(['(a+)+$', '(a|aa)+$', '(.*)*b', '(a?){40}a{40}', '^(([a-z])+.)+[A-Z]([a-z])+$'])(
    'of the server that hangs elsewhere, %s, ends for a hundred thousand characters',
    (text) => {
      expect(compilePattern(text)(`${'a'.repeat(100_000)}!`)).toEqual(expect.any(Boolean))
    },
  )
})
