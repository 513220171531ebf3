import { createHash } from 'node:crypto'
import { expect, it, onTestFinished } from 'vitest'
import { createHipChatServer } from '../../src/server/index.ts'

async function open(path: string) {
  const server = createHipChatServer({ port: 0 })
  await server.listen()
  onTestFinished(() => server.close())
  const answer = await fetch(server.url + path)
  return { server, answer, page: await answer.text() }
}

it('the front page says where the API is', async () => {
  const { server, answer, page } = await open('/')
  expect(answer.headers.get('content-type')).toContain('text/html')
  expect(page).toContain(`${server.url}/v2/capabilities`)
})

it('the page behind an install link shows whose descriptor it is, and installs nothing by itself', async () => {
  const url = 'https://dice.example.org/atlassian-connect.json'
  const { server, page } = await open(`/addons/install?url=${encodeURIComponent(url)}&room=Lobby`)
  expect(page).toContain('<strong>dice.example.org</strong>')
  expect(page).toContain(`value="${url}"`)
  expect(page).toContain('value="Lobby"')
  expect(server.installations()).toEqual([])
})

it('the page runs its own script, and none that a link brings', async () => {
  const { answer, page } = await open(
    '/addons/install?url=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&room=%22%20autofocus',
  )
  const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map((match) => match[1] ?? '')
  expect(scripts).toHaveLength(1)
  expect(page).not.toContain('" autofocus')
  const digest = createHash('sha256')
    .update(scripts[0] ?? '')
    .digest('base64')
  expect(answer.headers.get('content-security-policy')).toContain(`script-src 'sha256-${digest}'`)
  expect(answer.headers.get('x-frame-options')).toBe('DENY')
})
