import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { translatePattern } from '../../../src/addon/deliveries/pattern.ts'

const translated = (expression: RegExp): string | undefined => {
  const result = translatePattern(expression)
  return result.ok ? result.pattern : undefined
}
const reason = (expression: RegExp): string | undefined => {
  const result = translatePattern(expression)
  return result.ok ? undefined : result.reason
}

// Only JavaScript accepts these two classes, and linters report them as mistakes.
const [everything, nothing] = ['[^]', '[]'] as const

describe('a pattern for the server', () => {
  it.each([
    [/^\/deploy\s+(\w+)/, '^/deploy\\s+(\\w+)'],
    [/^\/hi/i, '(?i)^/hi'],
    [/^a.b$/ims, '(?ims)^a.b$'],
    [/^\/deploy (?<env>\w+)/, '^/deploy (\\w+)'],
    [/\u00e9t\xe9/, '\\x{00e9}t\\x{e9}'],
    [/\u{1f600}/u, '\\x{1f600}'],
    [/(?:a|b)+?/g, '(?:a|b)+?'],
    [/[\w.-]+@[^\s[]/, '[\\w.-]+@[^\\s\\[]'],
    [/[\b]/, '[\\x{8}]'],
    [new RegExp(everything), '(?s:.)'],
    [/\cJ/, '\\x{a}'],
    [/\0/, '\\x{0}'],
    [/\p{Lu}/u, '\\p{Lu}'],
    [/Aaz/, 'Aaz'],
  ])('%s becomes %s', (expression, expected) => {
    expect(translated(expression)).toBe(expected)
  })

  it.each([
    [/a(?=b)/, /lookahead or lookbehind/],
    [/(?<!a)b/, /lookahead or lookbehind/],
    [/(a)\1/, /refers back/],
    [/(?<x>a)\k<x>/, /refers back/],
    [/a/y, /flag y/],
    [/a{1001}/, /thousand/],
    [/\p{Script=Greek}/u, /general categories/],
    [/\ud83d/, /surrogate/],
    [new RegExp(nothing), /empty class/],
    [new RegExp('a'.repeat(1001)), /longer than 1000/],
  ])('%s is not translated, and the reason says why', (expression, why) => {
    expect(reason(expression)).toMatch(why)
  })

  it.each([
    [/^\/roll(?:\s+([\s\S]*))?$/i, '/ROLL 2d6', true],
    [/^\/roll(?:\s+([\s\S]*))?$/i, '/rolls', false],
    [/caf\u00e9|na\xefve/, 'un café', true],
    [/https?:\/\/[\w.-]+\/issues\/(\d+)/, 'see https://x.example/issues/12', true],
    [/[^\u0020-\u007f]/, 'naïve', true],
  ])('%s finds the same on a linear-time engine in %j', (expression, text, found) => {
    expect(
      RE2JS.compile(translated(expression) ?? '')
        .matcher(text)
        .find(),
    ).toBe(found)
    expect(expression.test(text)).toBe(found)
  })
})
