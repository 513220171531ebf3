import { describe, expect, it, test } from 'vitest'
import {
  deepestMarkup,
  sanitizeCard,
  sanitizeGlance,
  sanitizeHtml,
} from '../../../src/server/chat/sanitizing.ts'
import { accessToken, call, declare, installOverHttp, startAddon, startServer } from '../support.ts'

const nested = (depth: number, name = 'b') => `${`<${name}>`.repeat(depth)}x${`</${name}>`.repeat(depth)}`

const depthOf = (html: string): number => {
  let depth = 0
  let most = 0
  for (const [, closing] of html.matchAll(/<(\/?)\w+[^>]*>/g)) {
    depth += closing ? -1 : 1
    most = Math.max(most, depth)
  }
  return most
}

describe('markup', () => {
  it.each([
    ['elements within each other', nested(3_000)],
    ['elements that are never closed', '<i>'.repeat(3_000)],
    ['lists within lists', '<ul><li>'.repeat(1_000)],
    ['tables within tables', '<table><tr><td>'.repeat(600)],
  ])('of %s keeps this many levels, and all of its text', (_, html) => {
    const left = sanitizeHtml(`${html}text`)
    expect(depthOf(left)).toBeLessThanOrEqual(deepestMarkup)
    expect(left).toContain('text')
  })

  it('as deep as people write it stays unchanged', () => {
    const deep =
      '<table><tr><td><ul><li><ul><li><b><i><a href="https://example.com/">a</a></i></b></li></ul></li></ul></td></tr></table>'
    expect(sanitizeHtml(deep)).toBe(deep)
  })

  it('of a card and of a glance has the same depth limit', () => {
    const sanitised = sanitizeCard({
      style: 'link',
      id: '1',
      title: 'x',
      activity: { html: nested(500) },
      description: { format: 'html', value: nested(140) },
    })
    expect(depthOf(sanitised.activity?.html ?? '')).toBe(deepestMarkup)
    expect(depthOf((sanitised.description as { value: string }).value)).toBe(deepestMarkup)
    expect(depthOf(sanitizeGlance({ label: { type: 'html', value: nested(140) } }).label.value)).toBe(
      deepestMarkup,
    )
  })
})

test('other calls are served while the labels of many glances are sanitized', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const picture = { url: 'https://example.com/a.png', 'url@2x': 'https://example.com/a.png' }
  declare(addon, { glance: [{ key: 'g', name: { value: 'G' }, icon: picture }] })
  const token = await accessToken(server, await installOverHttp(server, addon, 'Lobby'))
  const content = { label: { type: 'html', value: nested(140).slice(0, 1_000) } }
  let pushed = false
  const push = call(server, 'POST', '/addon/ui/room/Lobby', {
    token,
    json: { glance: Array.from({ length: 100 }, () => ({ key: 'g', content })) },
  }).then(({ status }) => {
    pushed = true
    return status
  })
  let served = 0
  while (!pushed) {
    await fetch(`${server.apiUrl}/capabilities`)
    served += 1
  }
  expect(await push).toBe(204)
  expect(served).toBeGreaterThan(3)
  expect(server.glanceUpdates()).toHaveLength(100)
})
