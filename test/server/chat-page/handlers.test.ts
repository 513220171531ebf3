import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:http'
import { createContext, runInContext } from 'node:vm'
import { expect, it, onTestFinished } from 'vitest'
import { pageAt } from '../../../src/server/http/start-pages.ts'
import { createHipChatServer } from '../../../src/server/index.ts'
import { declare, startAddon } from '../support.ts'

async function open(path: string) {
  const server = createHipChatServer({ port: 0 })
  await server.listen()
  onTestFinished(() => server.close())
  const answer = await fetch(server.url + path)
  return { server, answer, page: await answer.text() }
}

it.each(['/', '/chat', '/chat/room/1'])('%s is the chat page, and says where the API is', async (path) => {
  const { answer, page } = await open(path)
  expect(answer.headers.get('content-type')).toContain('text/html')
  expect(page).toContain('<div id="page">')
  expect(page).toContain('/v2/capabilities')
})

it('the parts of the chat page are served, cached permanently, and no other files', async () => {
  const { server, page, answer } = await open('/')
  const [script = ''] = [...page.matchAll(/src="([^"]+\.js)"/g)].map((match) => match[1] ?? '')
  const part = await fetch(server.url + script)
  expect([part.status, part.headers.get('cache-control')]).toEqual([
    200,
    'public, max-age=31536000, immutable',
  ])
  expect(part.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
  // not with `fetch`, which requests a fresh copy when it is given such a header
  const headers = { 'if-none-match': answer.headers.get('etag') ?? '' }
  const [again] = await once(get(server.url, { headers }), 'response')
  again.resume()
  expect(again.statusCode).toBe(304)
  for (const other of ['/assets/', '/assets/../index.js', '/assets/%2e%2e/index.js', '/index.js'])
    expect((await fetch(server.url + other)).status).toBe(404)
})

it('before the chat page is built the front page names the API, and no page links to the chat', () => {
  const at = (path: string) => String(pageAt(path, new URLSearchParams(), 'http://127.0.0.1:1', false)?.body)
  expect(at('/')).toContain('http://127.0.0.1:1/v2/capabilities')
  expect(at('/addons/install')).toContain('<form id="install">')
  expect(at('/addons/install')).not.toContain('/chat/')
})

it('the page behind an install link leads to the same proposal on the chat page', async () => {
  const { page } = await open(
    '/addons/install?url=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y&room=R+1&relayState=s&other=1',
  )
  expect(page).toContain(
    'href="/chat/addons?install=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y&amp;room=R+1&amp;relayState=s"',
  )
})

it('the install page shows the host of the descriptor, and installs nothing by itself', async () => {
  const url = 'https://dice.example.org/atlassian-connect.json'
  const { server, page } = await open(`/addons/install?url=${encodeURIComponent(url)}&room=Lobby`)
  expect(page).toContain('<strong>dice.example.org</strong>')
  expect(page).toContain(`value="${url}"`)
  expect(page).toContain('value="Lobby"')
  expect(server.installations()).toEqual([])
})

it('the install page runs its own script, and none from a link', async () => {
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

/** The part of a browser that the page's script needs. */
class Element {
  value = ''
  textContent = ''
  hidden = false
  children: Element[] = []
  readonly #listeners = new Map<string, (event: { preventDefault(): void }) => void>()
  addEventListener(name: string, listener: (event: { preventDefault(): void }) => void): void {
    this.#listeners.set(name, listener)
  }
  replaceChildren(...children: Element[]): void {
    this.children = children
  }
  happens(name: string): void {
    this.#listeners.get(name)?.({ preventDefault() {} })
  }
}

/** The page's own script, running on stand-ins for its elements. */
async function openPage(path: string) {
  const { server, page } = await open(path)
  const script = /<script>([\s\S]*?)<\/script>/.exec(page)?.[1] ?? ''
  const elements = new Map<string, Element>()
  const element = (id: string): Element => {
    const found = elements.get(id) ?? new Element()
    elements.set(id, found)
    return found
  }
  const location = { search: new URL(path, server.url).search, href: '' }
  const document = { getElementById: element, createElement: () => new Element() }
  const fetchHere = (target: string, options: RequestInit) => fetch(server.url + target, options)
  runInContext(script, createContext({ document, location, URLSearchParams, fetch: fetchHere }))
  return { server, element, location, outcome: () => element('outcome').textContent }
}

it('the install page shows the scopes, and installs the add-on once it is approved', async () => {
  const addon = await startAddon({ hipchatApiConsumer: { scopes: ['send_notification', 'view_room'] } })
  const { server, element, location, outcome } = await openPage('/addons/install?relayState=shelf%203')
  element('url').value = `${addon.url}/descriptor`
  element('room').value = 'Lobby'
  element('token').value = server.adminToken
  element('install').happens('submit')
  await expect.poll(() => element('name').textContent).toBe('Dice')
  expect(element('about').textContent).toBe('Rolls dice')
  expect(element('origin').textContent).toBe(`From ${new URL(addon.url).host}.`)
  expect(element('scopes').children.map(({ textContent }) => textContent)).toEqual([
    'Send Notification: Send room notifications',
    expect.stringMatching(/^View Room: /),
  ])
  expect(addon.to('/installed')).toEqual([])
  element('approve').happens('click')
  await expect.poll(outcome).toBe('Installed: com.example.dice')
  expect(addon.to('/installed')[0]?.body).toMatchObject({ roomId: 1, relayState: 'shelf 3' })

  // installing again is an update: the page says so, and names what is new
  declare(addon, {
    installable: { updatedUrl: `${addon.url}/updated` },
    hipchatApiConsumer: { scopes: ['send_notification', 'admin_room'] },
  })
  element('install').happens('submit')
  await expect.poll(() => element('name').textContent).toBe('Dice (installed already: this updates it)')
  expect(element('scopes').children.map(({ textContent }) => textContent.endsWith(' (new)'))).toEqual([
    false,
    true,
  ])
  element('approve').happens('click')
  await expect.poll(() => location.href).toContain(`${addon.url}/updated?redirect_url=`)
})

it('the install page shows the add-on’s own reason for refusing', async () => {
  const addon = await startAddon()
  addon.respond = () => ({ status: 403, headers: { 'content-type': 'text/plain' }, body: 'Pay first' })
  const { server, element, outcome } = await openPage('/addons/install')
  element('url').value = `${addon.url}/descriptor`
  element('token').value = server.adminToken
  element('install').happens('submit')
  await expect.poll(() => element('name').textContent).toBe('Dice')
  element('approve').happens('click')
  await expect.poll(outcome).toBe('The installation failed: the add-on answered 403 (Pay first)')
  element('token').value = 'wrong'
  element('install').happens('submit')
  await expect.poll(outcome).toBe('Invalid OAuth session')
})
