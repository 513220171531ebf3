import { describe, expect, it } from 'vitest'
import { escapeHtml, html } from '../../src/common/html.ts'
import { anyText, endless, fc } from './runs.ts'

/** The characters that a browser reads for these entities. */
const read = (markup: string): string =>
  markup
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')

const texts = fc.oneof(
  anyText(),
  fc
    .array(fc.constantFrom('<', '>', '"', "'", '&', '&lt;', '&amp;', '<script>', 'a'), { maxLength: 20 })
    .map((all) => all.join('')),
)

describe('html', () => {
  it('shows every text unchanged, and without markup from it', () =>
    fc.assert(
      fc.property(texts, (text) => {
        const escaped = escapeHtml(text)
        expect(read(escaped)).toBe(text)
        expect(escaped).not.toMatch(/[<>"']|&(?!(?:lt|gt|quot|amp|#39);)/)
      }),
    ))

  it('has only the tags and attributes of its template, whatever is inserted', () =>
    fc.assert(
      fc.property(texts, fc.array(texts, { maxLength: 4 }), (title, items) => {
        const markup =
          html`<ul title="${title}" class='${title}'>${items.map((item) => html`<li>${item}</li>`)}</ul>`.toString()
        expect(markup.match(/<[^>]*>/g)?.map((tag) => tag.split(/[ >]/)[0])).toEqual([
          '<ul',
          ...items.flatMap(() => ['<li', '</li']),
          '</ul',
        ])
        expect(markup.match(/"/g)).toHaveLength(2)
        expect(markup.match(/'/g)).toHaveLength(2)
      }),
    ))

  it('escapes values that only look like Html', () =>
    fc.assert(
      fc.property(texts, (text) => {
        const lookalike = { toString: () => `<b>${text}`, toJSON: () => text }
        expect(html`${lookalike}`.toString()).toBe(escapeHtml(`<b>${text}`))
      }),
    ))

  it.each(['<', '&', '&amp;', '"\''])('can be made from a megabyte of %j', (piece) => {
    const text = endless(piece)
    expect(read(html`${text}`.toString())).toBe(text)
  })
})
