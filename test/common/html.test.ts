import { expect, it } from 'vitest'
import { escapeHtml, Html, html } from '../../src/common/html.ts'

it('the html tag escapes every value, in text and in attributes', () => {
  const evil = `<script>alert("x" + 'y')</script> & more`
  expect(`${html`<b title="${evil}">${evil}</b>`}`).toBe(
    `<b title="${escapeHtml(evil)}">${escapeHtml(evil)}</b>`,
  )
  expect(escapeHtml(evil)).toBe('&lt;script&gt;alert(&quot;x&quot; + &#39;y&#39;)&lt;/script&gt; &amp; more')
})

it('the html tag does not escape its own results again', () => {
  const inner = html`<i>${'<'}</i>`
  expect(`${html`<b>${inner}${[inner, '>']}</b>`}`).toBe('<b><i>&lt;</i><i>&lt;</i>&gt;</b>')
})

it('the html tag writes nothing for null, undefined and false, and writes zero', () => {
  expect(`${html`[${null}${undefined}${false}${0}${''}]`}`).toBe('[0]')
})

it('an object that only looks like HTML is escaped', () => {
  const fake = { toString: () => '<b>', toJSON: () => '<b>' }
  expect(`${html`${fake}`}`).toBe('&lt;b&gt;')
  expect(JSON.stringify({ message: new Html('<b>') })).toBe('{"message":"<b>"}')
})
