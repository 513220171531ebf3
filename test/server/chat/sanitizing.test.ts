import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createPersonalClient } from '../../../src/index.ts'
import { sanitizeCard, sanitizeGlance, sanitizeHtml } from '../../../src/server/chat/sanitizing.ts'
import { createHipChatServer } from '../../../src/server/index.ts'

describe('foreign HTML', () => {
  it.each([
    ['what HipChat allowed', '<b>a</b> <i>b</i> <em>c</em><strong>d</strong><pre>e</pre><code>f</code>'],
    ['lists and tables', '<ul><li>a</li></ul><table><tr><th colspan="2">b</th><td>c</td></tr></table>'],
    [
      'links and pictures',
      '<a href="https://example.com/?a=1&amp;b=2">a</a><img src="https://example.com/x.png" alt="x" />',
    ],
    ['links into the chat', '<a href="hipchat://www.hipchat.com/room/1?target=board">a</a>'],
    ['texts with entities', 'a &lt;b&gt; &amp; c'],
    ['texts that only look odd', 'a > b, "c" and \'d\''],
  ])('keeps %s', (_, html) => {
    expect(sanitizeHtml(html)).toBe(html)
  })

  it.each([
    ['scripts', 'a<script>alert(1)</script>b', 'ab'],
    ['styles', 'a<style>body{display:none}</style>b', 'ab'],
    ['handlers', '<b onclick="alert(1)">a</b>', '<b>a</b>'],
    ['styles in attributes', '<span style="position:fixed">a</span>', '<span>a</span>'],
    ['links to scripts', '<a href="javascript:alert(1)">a</a>', '<a>a</a>'],
    ['links to scripts, spelt oddly', '<a href=" jAvA&#x09;script:alert(1)">a</a>', '<a>a</a>'],
    ['links without a scheme', '<a href="//evil.example/">a</a><a href="x">b</a>', '<a>a</a><a>b</a>'],
    ['pictures that are data', '<img src="data:image/svg+xml,<svg onload=alert(1)>">', '<img />'],
    ['pictures out of the chat', '<img src="hipchat://www.hipchat.com/room/1" />', '<img />'],
    [
      'frames and forms',
      '<iframe src="https://evil.example/"></iframe><form action="x"><input></form>a',
      'a',
    ],
    ['vector graphics', '<svg><script>alert(1)</script></svg>a', 'a'],
    ['what breaks out', '"><img src=x onerror=alert(1)>', '"&gt;<img />'],
    ['elements that are left open', '<b>a<i>b', '<b>a<i>b</i></b>'],
  ])('removes %s', (_, html, left) => {
    expect(sanitizeHtml(html)).toBe(left)
  })

  it('stays the same when sanitized again, and never contains forbidden markup', () => {
    const pieces = fc.constantFrom(
      ...[
        '<',
        '>',
        '"',
        "'",
        '=',
        '/',
        ' ',
        '&#x3c;',
        '&lt;',
        '<script',
        '<b',
        '<img src=',
        '<a href=',
        '<svg',
      ],
      ...[
        '</',
        'javascript:',
        ' onerror=',
        'alert(1)',
        '<!--',
        '-->',
        '<![CDATA[',
        ']]>',
        '<style>',
        'x',
        '\0',
      ],
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const once = sanitizeHtml(parts.join(''))
        expect(sanitizeHtml(once)).toBe(once)
        for (const [, name = '', attributes = ''] of once.matchAll(/<([a-z0-9]+)([^>]*)>/gi)) {
          expect(['b', 'a', 'img', 'br', 'i', 's', 'u', 'p']).toContain(name)
          expect(attributes).toMatch(/^(?: \/)?$/)
        }
      }),
      { numRuns: Number(process.env['FC_RUNS'] ?? 500) },
    )
  })

  it('is sanitized in cards and glances where it is HTML, and only there', () => {
    const html = '<b>a</b><script>b</script>'
    expect(
      sanitizeCard({
        style: 'application',
        id: '1',
        title: html,
        description: { value: html, format: 'html' },
        activity: { html },
      }),
    ).toEqual({
      style: 'application',
      id: '1',
      title: html,
      description: { value: '<b>a</b>', format: 'html' },
      activity: { html: '<b>a</b>' },
    })
    const text = { style: 'link', id: '1', title: 'a', description: { value: html, format: 'text' } } as const
    expect(sanitizeCard(text)).toEqual(text)
    expect(sanitizeCard({ ...text, description: html }).description).toBe(html)
    expect(sanitizeGlance({ label: { type: 'html', value: html }, metadata: { html } })).toEqual({
      label: { type: 'html', value: '<b>a</b>' },
      metadata: { html },
    })
  })

  it('is stored and delivered without forbidden markup; plain text stays unchanged', async () => {
    const server = createHipChatServer({ port: 0, checkResponses: true })
    await server.listen()
    onTestFinished(() => server.close())
    const admin = createPersonalClient({ apiUrl: server.apiUrl, token: server.adminToken })
    const message = '<b>a</b><script>b</script>'
    const room = { id_or_name: 'Lobby' }
    const card = { style: 'link', id: '1', title: 'a', activity: { html: message } } as const
    await admin.sendRoomNotification({ ...room, message, card })
    await admin.sendRoomNotification({ ...room, message, message_format: 'text' })
    await admin.sendRoomMessage({ ...room, message })
    const { items } = await admin.getLatestRoomHistory({ ...room })
    expect(items.map((item) => item.message)).toEqual(['<b>a</b>', message, message])
    expect(String(items[0]?.card)).toContain('"html":"<b>a</b>"')
  })
})
