import { describe, expect, it } from 'vitest'
import { linksIn } from '../../src/common/links.ts'

const urls = (text: string) => linksIn(text).map(({ url }) => url)

describe('a link', () => {
  it.each([
    ['See https://example.com/a?b=1.', ['https://example.com/a?b=1']],
    ['http://a.example, HTTPS://B.example/x!', ['http://a.example', 'HTTPS://B.example/x']],
    // brackets
    ['https://en.wikipedia.org/wiki/Foo_(bar)', ['https://en.wikipedia.org/wiki/Foo_(bar)']],
    ['(see https://en.wikipedia.org/wiki/Foo_(bar))', ['https://en.wikipedia.org/wiki/Foo_(bar)']],
    ['(https://example.com/a).', ['https://example.com/a']],
    ['[a](https://a.example/x)[b](https://b.example/y)', ['https://a.example/x', 'https://b.example/y']],
    ['https://example.com/?a[]=1&b={c}', ['https://example.com/?a[]=1&b={c}']],
    ['https://example.com/a_((b)_c)_d', ['https://example.com/a_((b)_c)_d']],
    ['https://example.com/a]b', ['https://example.com/a']],
    ['https://example.com/(', ['https://example.com/']],
    ['https://[::1]:8080/a', ['https://[::1]:8080/a']],
    // full-width punctuation and letters of languages without spaces between words
    ['見てhttps://example.com/a。次', ['https://example.com/a']],
    ['（https://example.com/a）', ['https://example.com/a']],
    [
      '「https://example.com/a」、https://example.com/b！',
      ['https://example.com/a', 'https://example.com/b'],
    ],
    ['https://example.com/aを見て', ['https://example.com/a']],
    ['https://example.com/a请看', ['https://example.com/a']],
    ['https://example.com/a입니다', ['https://example.com/a']],
    ['https://example.com/%E6%97%A5', ['https://example.com/%E6%97%A5']],
    ['https://example.com/über/ж', ['https://example.com/über/ж']],
    // quotation marks and what is not seen
    ['“https://example.com/a”, «https://example.com/b»', ['https://example.com/a', 'https://example.com/b']],
    [
      'https://example.com/a\u200bb https://example.com/c…',
      ['https://example.com/a', 'https://example.com/c'],
    ],
    ['<https://example.com/a> "https://example.com/b"', ['https://example.com/a', 'https://example.com/b']],
    // nothing
    ['xhttps://example.com/a ftp://example.com http:// https://', []],
    ['javascript:alert(1)', []],
  ])('in %j is %j', (text, expected) => {
    expect(urls(text)).toEqual(expected)
  })

  it('is found with its place in the text', () => {
    const text = '😀 見てhttps://example.com/a_(b)。'
    const [link] = linksIn(text)
    expect(text.slice(link?.from, link?.to)).toBe('https://example.com/a_(b)')
  })

  it('is found in a time that is linear in the length of the text', () => {
    for (const text of [
      `https://a.example/${'('.repeat(200_000)}`,
      `https://a.example/${'.'.repeat(200_000)}x`,
      'http'.repeat(50_000),
      'https://'.repeat(20_000),
    ]) {
      const started = performance.now()
      linksIn(text)
      expect(performance.now() - started).toBeLessThan(1_000)
    }
  })
})
