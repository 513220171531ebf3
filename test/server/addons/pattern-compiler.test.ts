import { expect, test } from 'vitest'
import { compilePattern } from '../../../src/server/addons/pattern-compiler.ts'

test.each<[name: string, pattern: string, hits: string[], misses: string[]]>([
  ['a leading flag', '(?i)^r?\\/[\\w:!\\?\\-]+', ['/Face', 'R/x'], ['say /face']],
  ['the start of the text in Perl', '\\A\\/[hH][iI]\\b', ['/hi there'], ['x /hi', '/hit']],
  [
    'an escaped colon',
    'https?\\:\\/\\/sentry\\.example/',
    ['see https://sentry.example/1'],
    ['sentry.example'],
  ],
  ['a raw control character', '^/sauce\u0008*', ['/sauce', '/sauce labs'], ['the /sauce']],
  ['an alternation without a group', "^/gif|it's working", ['/gif cat', "yes, it's working"], ['a /gif']],
  ['anything, also nothing', '.*', ['', 'x'], []],
  ['a non-capturing group', '^/(?:status|standup)(\\s|$).*', ['/status', '/standup x'], ['/statuses']],
  ['named groups of both dialects', '(?<a>x)(?P<b>y)', ['xy'], ['x']],
  ['code points of both dialects', '^\\x{00C0}\\u00C0\\u{1F600}$', ['ÀÀ😀'], ['AA']],
  ['JavaScript flags that mean nothing', '(?gi)^a', ['A'], ['b']],
  ['several flags', '(?im)^b$', ['a\nB'], ['ab']],
  ['dot and line ends', '(?s)a.b', ['a\nb'], ['ab']],
  ['quoting', '\\Qa.b(\\E', ['a.b('], ['axb(']],
  ['a class that begins with a bracket', '^[]a]+$', [']a'], ['b']],
  ['backspace, space and punctuation in a class', '^[\\b\\h\\@-]$', ['\b', '\t', '@', '-'], ['b']],
  ['escapes of Perl outside of classes', '^\\h\\e\\cA\\Z', ['\t\u001b\u0001', '\t\u001b\u0001\n'], ['x']],
  ['an escaped letter that is not ASCII', '\\é', ['é'], ['e']],
  ['parentheses in a class', '^[(?=]$', ['(', '?'], ['a']],
])('a pattern matches correctly: %s', (_name, pattern, hits, misses) => {
  const matches = compilePattern(pattern)
  for (const text of hits) expect([text, matches(text)]).toEqual([text, true])
  for (const text of misses) expect([text, matches(text)]).toEqual([text, false])
})

test.each([
  ['(?=a)', 'uses lookahead or lookbehind, which is not supported'],
  ['a(?!b)', 'uses lookahead or lookbehind, which is not supported'],
  ['(?<=a)b', 'uses lookahead or lookbehind, which is not supported'],
  ['(?<!a)b', 'uses lookahead or lookbehind, which is not supported'],
  ['(?>a)', 'uses an atomic group, which is not supported'],
  ['(a)\\1', 'uses a back reference, which is not supported'],
  ['(?<n>a)\\k<n>', 'uses a back reference, which is not supported'],
  ['(?x) a b', 'uses the flag x (free spacing), which is not supported'],
  ['(?q)a', 'uses the unknown flag q'],
  ['x'.repeat(1001), 'is longer than 1000 characters'],
  ['(', 'is not a regular expression this server understands: missing closing ): `(`'],
  ['a\\', 'is not a regular expression this server understands: trailing backslash at end of expression'],
])('the pattern %s is refused with the reason', (pattern, message) => {
  expect(() => compilePattern(pattern)).toThrow(
    expect.objectContaining({ code: 'ERR_PATTERN_REFUSED', message: expect.stringContaining(message) }),
  )
})

test('patterns that never end in a backtracking engine end', () => {
  const evil = compilePattern('^(a+)+$')
  expect(evil(`${'a'.repeat(10_000)}!`)).toBe(false)
  expect(() => compilePattern('((\\pL{30}){30})'.repeat(60))).toThrow(
    expect.objectContaining({ message: expect.stringMatching(/too costly|longer|not a regular expression/) }),
  )
})

test('a pattern takes at most half a second for the longest message', () => {
  for (const pattern of ['(?:a?){999}(?:a?){999}[xy]', '\\pL{900}\\pL{900}\\pL{900}[xy]'])
    expect(() => compilePattern(pattern)).toThrow(
      expect.objectContaining({
        code: 'ERR_PATTERN_REFUSED',
        message: 'is too costly: its repetitions multiply',
      }),
    )
  expect(compilePattern(`(?i)\\b(${'word|'.repeat(190)}end)\\b`)('the end')).toBe(true)
})
