import { describe, expect, it } from 'vitest'
import { parseArguments, parseUsage } from '../../src/addon/deliveries/command.ts'
import { anyText, endless, fc } from './runs.ts'

describe('a command', () => {
  const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/)

  it('gets back the words it was given, whatever whitespace is in them', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.string({ unit: 'grapheme' }).filter((text) => !/["\\“”＂〞〟]/.test(text)),
          { maxLength: 6 },
        ),
        (words) => {
          const typed = words.map((text) => `"${text}"`).join(' ')
          expect(parseArguments(parseUsage('/x [words...]', ''), typed)).toEqual({
            ok: true,
            args: { words },
          })
        },
      ),
    ))

  it('reads any text without failing', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { ok } = parseArguments(parseUsage('/x <a> [b] [c...]', ''), text)
        expect(typeof ok).toBe('boolean')
      }),
    ))

  it('is defined by any usage line, or refused by name', () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc
            .tuple(
              word,
              fc.array(
                fc.oneof(
                  word.map((name) => `<${name}>`),
                  word.map((name) => `[${name}]`),
                  fc.string(),
                ),
              ),
            )
            .map(([name, rest]) => `/${name} ${rest.join(' ')}`),
        ),
        (usage) => {
          try {
            expect(parseUsage(usage, '').pattern).toBeInstanceOf(RegExp)
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_CONFIGURATION' })
          }
        },
      ),
    ))

  it('assigns words to parameters: first the required ones, then the optional ones, then the rest', () => {
    const kinds = fc
      .tuple(fc.nat(3), fc.nat(3), fc.boolean())
      .map(([required, optional, rest]) => [
        ...Array.from({ length: required }, () => 'required'),
        ...Array.from({ length: optional }, () => 'optional'),
        ...(rest ? ['rest'] : []),
      ])
    fc.assert(
      fc.property(
        kinds,
        fc.array(word, { maxLength: 8 }),
        fc.constantFrom(' ', '  ', '\t', '\n'),
        (kinds, words, blank) => {
          const brackets: Record<string, (name: string) => string> = {
            required: (name) => `<${name}>`,
            optional: (name) => `[${name}]`,
            rest: (name) => `[${name}...]`,
          }
          const usage = ['/x', ...kinds.map((kind, index) => brackets[kind]?.(`p${index}`))].join(' ')
          const parsed = parseArguments(parseUsage(usage, ''), words.join(blank))
          const required = kinds.filter((kind) => kind === 'required').length
          const rest = kinds.at(-1) === 'rest'
          const fits = words.length >= required && (rest || words.length <= kinds.length)
          expect(parsed.ok).toBe(fits)
          if (!parsed.ok) return
          const singles = rest ? kinds.length - 1 : kinds.length
          const expected = kinds.map((kind, index): [string, unknown] => [
            `p${index}`,
            kind === 'rest' ? words.slice(singles) : words[index],
          ])
          expect(parsed.args).toEqual(Object.fromEntries(expected))
        },
      ),
    )
  })

  it('is found in a message by its name in any case, followed by nothing or by whitespace', () =>
    fc.assert(
      fc.property(word, anyText(20), fc.boolean(), (name, after, loud) => {
        const { pattern } = parseUsage(`/${name} [x...]`, '')
        const found = pattern.exec(`/${loud ? name.toUpperCase() : name}${after}`)
        expect(found !== null).toBe(after === '' || /^\s/.test(after))
        expect(pattern.test(`x/${name}`)).toBe(false)
      }),
    ))

  it.each([
    '"',
    "'",
    '“',
    '"\\',
    "'a ",
    '" "',
    '\\"',
    'a"',
    ' ',
    'a ',
    '”“',
    '="',
    '=“\\',
    "='a ",
    '="a"b ',
    '“a "b" ',
  ])('with a megabyte of %j after it is read to the end', (piece) => {
    const { ok } = parseArguments(parseUsage('/x [a...]', ''), endless(piece))
    expect(typeof ok).toBe('boolean')
  })
})
