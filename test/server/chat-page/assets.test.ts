import { expect, it } from 'vitest'
import { startServer } from '../support.ts'

it('the frame script and its style sheet can be loaded by pages on any origin', async () => {
  const server = await startServer()
  for (const [name, type, content] of [
    ['all.js', 'text/javascript; charset=utf-8', 'window.HipChat'],
    ['all-debug.js', 'text/javascript; charset=utf-8', 'function createLibrary'],
    ['all.css', 'text/css; charset=utf-8', '.hipchat-dark'],
  ] as const) {
    const answer = await fetch(`${server.url}/atlassian-connect/${name}`, {
      headers: { origin: 'https://addon.example' },
    })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type])
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('cross-origin-resource-policy')).toBe('cross-origin')
    expect(await answer.text()).toContain(content)
    const again = await fetch(answer.url, {
      // Left to itself, fetch would forbid an answer that is kept.
      headers: { 'if-none-match': answer.headers.get('etag') ?? '', 'cache-control': 'max-age=0' },
    })
    expect(again.status).toBe(304)
  }
})
