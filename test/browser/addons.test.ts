import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { HipChatServer } from '../../src/server/index.ts'
import { type Addon, declare, installOverHttp, startAddon, startServer } from '../server/support.ts'
import { checkAccessibility, expectError, openBrowser, openPage, signInAs } from './support.ts'

openBrowser()

const hostile = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'

const hacked = (page: Page) => page.evaluate('window.hacked ?? null')

const html = (body: string) => ({ headers: { 'content-type': 'text/html' }, body })

/** An add-on with a configuration page. */
async function configurableAddon(): Promise<Addon> {
  const addon = await startAddon()
  declare(addon, { configurable: { url: `${addon.url}/settings?room={room.id}` } })
  addon.respond = ({ path }) => (path.startsWith('/settings') ? html('<h1>Settings of Dice</h1>') : undefined)
  return addon
}

const addonsAt = (server: HipChatServer, name: string, path: string) => signInAs(server, name, { path })

async function propose(page: Page, url: string): Promise<void> {
  await page.getByLabel(/address of the descriptor/).fill(url)
  await page.getByRole('button', { name: 'Show what it asks for' }).click()
}

test('an add-on can be installed by its URL, configured, updated and removed', async () => {
  const server = await startServer()
  const addon = await configurableAddon()
  const page = await addonsAt(server, 'admin', '/chat/addons')
  await page.getByLabel('Add-ons of').selectOption('Lobby')
  expect(new URL(page.url()).pathname).toBe('/chat/addons/1')

  await propose(page, `${addon.url}/descriptor`)
  const approve = page.getByRole('button', { name: 'Approve and install' })
  await approve.waitFor()
  const proposal = page.getByRole('region', { name: 'Install an add-on' })
  expect(await proposal.textContent()).toContain('Send Notification Send room notifications')
  expect(await proposal.textContent()).toContain(new URL(addon.url).host)
  expect(server.installations()).toEqual([])
  await checkAccessibility(page)
  await approve.click()
  await page.getByText('Dice is installed.').waitFor()
  expect(server.installations()).toMatchObject([{ key: 'com.example.dice', roomId: 1 }])

  await page.getByRole('button', { name: 'Configure Dice' }).click()
  const dialog = page.getByRole('dialog', { name: 'Configure Dice' })
  await dialog.frameLocator('iframe').getByText('Settings of Dice').waitFor()
  const frame = dialog.locator('iframe')
  expect((await frame.getAttribute('sandbox'))?.split(' ')).not.toContain('allow-top-navigation')
  expect(await frame.getAttribute('referrerpolicy')).toBe('no-referrer')
  const settings = new URL((await frame.getAttribute('src')) ?? '')
  expect(settings.searchParams.get('signed_request')).toMatch(/^eyJ/)
  await checkAccessibility(page)
  await page.getByRole('button', { name: 'Close' }).focus()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Configure Dice')

  declare(addon, { hipchatApiConsumer: { scopes: ['view_room'] } })
  await page.getByRole('button', { name: 'Update Dice' }).click()
  const update = page.getByRole('listitem').filter({ hasText: 'Update Dice' })
  await page.getByRole('button', { name: 'Approve and update' }).waitFor()
  expect(await update.getByText('View Roomnew').count()).toBe(1)
  expect(await update.textContent()).toContain('It gives up: Send Notification.')
  await page.getByRole('button', { name: 'Approve and update' }).click()
  await page.getByText('Dice is up to date.').waitFor() // the proposal is gone, and nothing moves any more
  await page.getByText('What it may do (1)').click()
  await page.getByText('View room information and participants').waitFor()

  await page.getByRole('button', { name: 'Remove Dice' }).click()
  const question = page.getByRole('dialog', { name: 'Remove Dice?' })
  await checkAccessibility(page)
  await question.getByRole('button', { name: 'Cancel' }).click()
  expect(server.installations()).toHaveLength(1)
  await page.getByRole('button', { name: 'Remove Dice' }).click()
  await question.getByRole('button', { name: 'Remove' }).click()
  await page.getByText('Nothing is installed in this room alone.').waitFor()
  expect(server.installations()).toEqual([])
})

test('a warning before approval and in the lists says that an add-on would answer twice in a room', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const { oauthId } = await installOverHttp(server, addon)
  const page = await addonsAt(server, 'admin', '/chat/addons/1')
  await propose(page, `${addon.url}/descriptor`)
  const proposal = page.getByRole('region', { name: 'Install an add-on' })
  const warning = `Dice is installed for the whole group too, as ${oauthId}. In Lobby both get every event`
  await proposal.getByRole('alert').getByText(warning).waitFor()
  await checkAccessibility(page)
  await page.getByRole('button', { name: 'Approve and install' }).click()
  const own = page.getByRole('region', { name: 'In Lobby' })
  await own.getByRole('alert').getByText(warning).waitFor()
  const shared = page.getByRole('region', { name: 'For the whole group' })
  await shared.getByRole('alert').getByText('Dice is installed for single rooms too: in Lobby as').waitFor()

  const bare = await openPage(server, { path: '/addons/install?room=Lobby' })
  await bare.getByLabel('Address of the descriptor').fill(`${addon.url}/descriptor`)
  await bare.getByLabel(/access token/).fill(server.adminToken)
  await bare.getByRole('button', { name: 'Show what it asks for' }).click()
  await bare.getByRole('alert').getByText(warning).waitFor()
})

test('errors are shown in the words of the server, with advice', async () => {
  const server = await startServer()
  const page = await addonsAt(server, 'admin', '/chat/addons/1')
  expectError(page, /status of 400/)
  const alert = page.getByRole('alert').filter({ hasText: /./ })
  await propose(page, 'http://127.0.0.1:1/')
  await alert.getByText('The descriptor could not be fetched: refused the connection').waitFor()
  expect(await alert.textContent()).toContain('Is the add-on running')
  await propose(page, 'data:application/json,no')
  await alert.getByText('The descriptor is not valid JSON').waitFor()
  const addon = await startAddon()
  declare(addon, { installable: { allowRoom: false } })
  await propose(page, `${addon.url}/descriptor`)
  await alert.getByText('Choose “The whole group” above.').waitFor()
  declare(addon, { installable: { callbackUrl: `${addon.url}/installed` } })
  addon.respond = () => ({ status: 403, headers: { 'content-type': 'text/plain' }, body: 'Pay first' })
  await propose(page, `${addon.url}/descriptor`)
  await page.getByRole('button', { name: 'Approve and install' }).click()
  await alert.getByText('The installation failed: the add-on answered 403 (Pay first)').waitFor()
  expect(server.installations()).toEqual([])
})

test('a descriptor in a data: URL can be installed, and its strings are shown as text only', async () => {
  const server = await startServer()
  const descriptor = {
    key: 'com.example.hostile',
    name: hostile,
    description: hostile,
    vendor: { name: hostile, url: 'javascript:window.hacked=1' },
    links: { self: 'javascript:window.hacked=1', homepage: 'javascript:window.hacked=1' },
    icon: { url: 'javascript:window.hacked=1' },
    capabilities: { hipchatApiConsumer: { scopes: ['send_notification'] } },
  }
  const page = await addonsAt(server, 'alice', '/chat/addons/3') // Alice runs this room
  await propose(page, `data:application/json,${encodeURIComponent(JSON.stringify(descriptor))}`)
  await page.getByRole('heading', { name: hostile }).waitFor()
  await page.getByRole('button', { name: 'Approve and install' }).click()
  await page.getByRole('button', { name: `Remove ${hostile}` }).waitFor()
  expect(await page.locator('main script, main img, a[href^="javascript" i]').count()).toBe(0)
  expect(await hacked(page)).toBeNull()
})

test('a link fills in the URL, the room and nothing else, and the add-on gets its relayState', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const link = `url=${encodeURIComponent(`${addon.url}/descriptor`)}&room=Lobby&relayState=shelf%203`
  // signed-in people are redirected from the page for requests with a token
  const page = await addonsAt(server, 'admin', '/')
  await page.goto(`${server.url}/addons/install?${link}`)
  await page.waitForURL(/\/chat\/addons\/1/)
  const field = page.getByLabel(/Install in Lobby: address of the descriptor/)
  expect(await field.inputValue()).toBe(`${addon.url}/descriptor`)
  expect(addon.calls).toEqual([])
  await page.getByRole('button', { name: 'Show what it asks for' }).click()
  await page.getByRole('button', { name: 'Approve and install' }).click()
  await page.getByText('Dice is installed.').waitFor()
  expect(addon.to('/installed')[0]?.body).toMatchObject({ roomId: 1, relayState: 'shelf 3' })
})

test('a person who is not signed in sees the same proposal after signing in', async () => {
  const server = await startServer()
  const page = await openPage(server, { path: '/addons/install?url=https%3A%2F%2Fa.example%2Fd&room=3' })
  await page.getByRole('link', { name: 'Install it on the chat page' }).click()
  await page.getByRole('button', { name: /Alice/ }).first().click()
  await page.getByLabel(/Install in Back office/).waitFor()
  expect(await page.getByLabel(/Install in Back office/).inputValue()).toBe('https://a.example/d')
})

test('an add-on that continues the installation in the browser is opened, and redirects back', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { installable: { installedUrl: `${addon.url}/welcome` } })
  addon.respond = async ({ path }) => {
    const query = new URL(path, addon.url).searchParams
    const installable = query.get('installable_url')
    if (installable === null) return undefined // the browser asks for an icon too
    const { roomId } = (await (await fetch(installable)).json()) as { roomId: number }
    return html(`<a href="${query.get('redirect_url')}">Back, ${roomId}</a>`)
  }
  const page = await addonsAt(server, 'admin', '/chat/addons/1')
  await propose(page, `${addon.url}/descriptor`)
  await page.getByRole('button', { name: 'Approve and install' }).click()
  await page.getByRole('link', { name: 'Back, 1' }).click()
  await page.waitForURL(`${server.url}/`)
  await page.getByRole('navigation').first().waitFor() // still signed in
  expect(server.installations()).toMatchObject([{ key: 'com.example.dice', roomId: 1 }])
})

test('people are offered only the actions they may take', async () => {
  const server = await startServer()
  const addon = await configurableAddon()
  await installOverHttp(server, addon, 'Lobby')
  await installOverHttp(server, addon)
  const page = await addonsAt(server, 'alice', '/chat/addons/1') // Alice does not run this room
  await page.getByRole('heading', { name: 'Dice' }).first().waitFor()
  expect(await page.getByRole('heading', { name: 'Dice' }).count()).toBe(2)
  expect(await page.getByRole('button', { name: /Dice|Show what/ }).count()).toBe(0)
  await page.getByRole('main').getByRole('link', { name: 'Back office' }).click()
  await page.getByLabel(/Install in Back office/).waitFor()
  expect(await page.getByRole('button', { name: /Dice/ }).count()).toBe(0) // installed for the group: only administrators can change it
  await checkAccessibility(page)
})

test('a token is made, shown once, used, and refused once it is revoked', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice', { path: '/chat/tokens' })
  const form = page.getByRole('form', { name: 'New room token' })
  await form.getByLabel(/^Label/).fill(`Deploys ${hostile}`.slice(0, 50))
  await form.getByRole('button', { name: 'Make a room token' }).click()
  const shown = page.getByRole('region', { name: 'Your new token' })
  const token = (await shown.locator('code').textContent()) ?? ''
  expect(await shown.locator('pre').textContent()).toContain(
    `curl -X POST '${server.url}/v2/room/3/notification' -H 'Authorization: Bearer ${token}'`,
  )
  await checkAccessibility(page)
  const notify = async () => {
    const answer = await fetch(`${server.apiUrl}/room/3/notification`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ message: 'deployed' }),
    })
    return answer.status
  }
  expect(await notify()).toBe(204)
  expect(server.history(3).at(-1)?.message).toBe('deployed')
  await shown.getByRole('button', { name: 'Done' }).click()
  expect(await page.content()).not.toContain(token)
  await page.reload()
  await page.getByRole('button', { name: /^Revoke Deploys/ }).click()
  expect(await page.content()).not.toContain(token)
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('You have none yet.').waitFor()
  expect(await notify()).toBe(401)
  expect(await hacked(page)).toBeNull()
})

test('a personal token has the chosen scopes, from those of its owner', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'bob', { path: '/chat/tokens' })
  const form = page.getByRole('form', { name: 'New personal token' })
  expect(await form.getByLabel(/Administer Group/).count()).toBe(0)
  await form.getByLabel(/^Send Notification/).uncheck()
  await form.getByLabel(/^View Group/).check()
  await form.getByRole('button', { name: 'Make a personal token' }).click()
  const token = await page.getByRole('region', { name: 'Your new token' }).locator('code').textContent()
  const status = async (path: string) =>
    (await fetch(server.apiUrl + path, { headers: { authorization: `Bearer ${token}` } })).status
  expect([await status('/user'), await status('/room/1'), await status('/room/1/history')]).toEqual([
    200, 200, 403,
  ])
  // Bob runs no room
  await page.getByText('You do not run a room.').waitFor()
})

test('the pages of add-ons and tokens fit on a phone, in the dark theme too', async () => {
  const server = await startServer()
  const addon = await configurableAddon()
  await installOverHttp(server, addon, 'Lobby')
  for (const path of ['/chat/addons/1', '/chat/tokens']) {
    const page = await signInAs(server, 'admin', {
      path,
      viewport: { width: 360, height: 640 },
      colorScheme: 'dark',
    })
    await page.getByRole('heading', { level: 1, name: /Add-ons|Tokens/ }).waitFor()
    await page.getByRole('heading', { name: /^(Dice|Personal token)$/ }).waitFor()
    const width = await page.evaluate('document.querySelector("main section").scrollWidth')
    expect(width).toBeLessThanOrEqual(360)
    await checkAccessibility(page)
  }
})
