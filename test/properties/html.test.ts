import { describe, expect, it } from 'vitest'
import { escapeHtml, html } from '../../src/common/html.ts'
import { anyText, endless, fc } from './runs.ts'

/** What a browser reads where these entities stand. */
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
  it('shows every text as it was, and has no markup of it', () =>
    fc.assert(
      fc.property(texts, (text) => {
        const escaped = escapeHtml(text)
        expect(read(escaped)).toBe(text)
        expect(escaped).not.toMatch(/[<>"']|&(?!(?:lt|gt|quot|amp|#39);)/)
      }),
    ))

  it('has the tags and attributes of its template, whatever is put in', () =>
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

  it('takes nothing for its own markup that only looks like it', () =>
    fc.assert(
      fc.property(texts, (text) => {
        const lookalike = { toString: () => `<b>${text}`, toJSON: () => text }
        expect(html`${lookalike}`.toString()).toBe(escapeHtml(`<b>${text}`))
      }),
    ))

  it.each(['<', '&', '&amp;', '"\''])('is made of a megabyte of %j', (piece) => {
    const text = endless(piece)
    expect(read(html`${text}`.toString())).toBe(text)
  })
})
