import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import {
  accessToken,
  call,
  declare,
  hook,
  inline,
  installOverHttp,
  startAddon,
  startServer,
} from '../server/support.ts'
import { checkAccessibility, expectError, openBrowser, type PageOptions, signInAs } from './support.ts'

openBrowser()

const hostile = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'

/** The inspector of a server whose Lobby has an add-on that receives its messages. */
async function inspect(options: PageOptions = {}) {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon) })
  const record = await installOverHttp(server, addon, 'Lobby')
  const page = await signInAs(server, 'admin', { path: '/chat/inspector', ...options })
  return { server, addon, record, page }
}

const rowOf = (page: Page, id: number) => page.getByRole('button', { name: `Delivery ${id},` })

test('the inspector says that an answer was not posted because add-ons answer each other', async () => {
  const { server, addon, page } = await inspect()
  const other = await startAddon()
  other.descriptor = { ...other.descriptor, key: 'com.example.other', name: 'Other' }
  for (const one of [addon, other])
    declare(one, { webhook: [hook(one), hook(one, { event: 'room_notification' })] })
  await installOverHttp(server, addon, 'Workshop')
  await installOverHttp(server, other, 'Workshop')
  for (const one of [addon, other]) one.respond = () => inline({ message: 'pong' })
  await server.say('Workshop', 'alice', 'ping')
  await server.idle()
  const ended = server.deliveries().find(({ notPosted }) => notPosted?.startsWith('add-ons'))
  await rowOf(page, ended?.id ?? 0).click()
  await page
    .getByText('The answer was not posted into the room: add-ons answered each other 10 times')
    .waitFor()
})

test('a delivery appears live, can be opened, and can be sent again', async () => {
  const { server, addon, page } = await inspect()
  await page.getByText('No add-on has received an event yet.').waitFor()
  await checkAccessibility(page)
  addon.respond = () => inline({ message: 'rolled 4' })
  await server.say('Lobby', 'alice', '/roll')
  const row = rowOf(page, 1)
  await row.waitFor()
  const line = page.getByRole('row').filter({ has: row })
  expect(await line.textContent()).toMatch(/room_messageDiceLobby200.*replied into the room/)
  expect(await row.getAttribute('aria-expanded')).toBe('false')
  await row.press('Enter')
  expect(await row.getAttribute('aria-expanded')).toBe('true')
  const claims = page.getByRole('region', { name: 'What the signature says' })
  expect(await claims.textContent()).toContain('The user who caused it: Alice Archer.')
  expect(await claims.textContent()).toContain('in the room Lobby')
  expect(await page.getByRole('region', { name: 'Body sent' }).textContent()).toContain('"message": "/roll"')
  expect(await page.getByRole('region', { name: 'Body of the answer' }).textContent()).toContain('rolled 4')
  await checkAccessibility(page)

  addon.respond = () => ({ status: 500 })
  await page.getByRole('button', { name: 'Resend' }).click()
  await page.getByText('Sent again as delivery 2: answered 500').waitFor()
  await rowOf(page, 2).waitFor()
  expect(addon.to('/hook')).toHaveLength(2)

  await page.getByLabel('Failed only').check()
  await rowOf(page, 1).waitFor({ state: 'detached' })
  expect(await rowOf(page, 2).count()).toBe(1)
  await page.getByLabel('Event').selectOption('room_message')
  await page.getByLabel('Add-on').selectOption('Dice')
  expect(await rowOf(page, 2).count()).toBe(1)
})

test('deliveries are held back while the inspector is paused, and cleared ones stay away', async () => {
  const { server, page } = await inspect()
  await server.say('Lobby', 'alice', 'one')
  await rowOf(page, 1).waitFor()
  await page.getByRole('button', { name: 'Pause' }).click()
  for (const text of ['two', 'three']) await server.say('Lobby', 'alice', text)
  await page.getByRole('button', { name: 'Resume (2 new)' }).waitFor()
  expect(await rowOf(page, 2).count()).toBe(0)
  await page.getByRole('button', { name: 'Resume (2 new)' }).click()
  await rowOf(page, 3).waitFor()
  await page.getByRole('button', { name: 'Clear' }).click()
  await rowOf(page, 3).waitFor({ state: 'detached' })
  await server.say('Lobby', 'alice', 'four')
  await rowOf(page, 4).waitFor()
  expect(await rowOf(page, 3).count()).toBe(0)
})

test('the inspector shows all of many simultaneous deliveries', async () => {
  const { server, page } = await inspect()
  for (let index = 0; index < 30; index += 1) await server.say('Lobby', 'alice', `message ${index}`)
  await server.idle()
  await rowOf(page, 30).waitFor()
  await expect.poll(() => page.getByRole('button', { name: /^Delivery \d+,/ }).count()).toBe(30)
})

test('API calls appear with their outcome', async () => {
  const { server, record, page } = await inspect()
  await page.getByRole('tab', { name: 'Deliveries' }).press('ArrowRight')
  await page.getByText('No add-on has called the API yet.').waitFor()
  const token = await accessToken(server, record)
  await call(server, 'GET', '/user', { token })
  const refused = page.getByRole('row').filter({ hasText: 'GET /user' })
  await refused.waitFor()
  expect(await refused.textContent()).toMatch(/getAllUsersDice403 This action cannot be called with a room/)
  expect(await page.getByRole('row').filter({ hasText: 'POST /oauth/token' }).count()).toBe(1)
  await checkAccessibility(page)
  await page.getByLabel('Failed only').check()
  await page.getByRole('row').filter({ hasText: 'POST /oauth/token' }).waitFor({ state: 'detached' })
  expect(await refused.count()).toBe(1)
})

test('the secret of an installation is on the page only on request, and is removed again', async () => {
  const { record, page } = await inspect()
  await page.clock.install()
  await page.getByRole('tab', { name: 'Installations' }).click()
  const show = page.getByRole('button', { name: 'Show secret of Dice' })
  await show.waitFor()
  expect(await page.content()).not.toContain(record.oauthSecret)
  expect(await page.content()).toContain(record.oauthId)
  await checkAccessibility(page)
  await show.click()
  await page.getByText(record.oauthSecret).waitFor()
  await page.getByRole('button', { name: 'Hide secret of Dice' }).click()
  expect(await page.content()).not.toContain(record.oauthSecret)
  await show.click()
  await page.getByText(record.oauthSecret).waitFor()
  await page.clock.fastForward(61_000)
  await show.waitFor()
  expect(await page.content()).not.toContain(record.oauthSecret)
})

test('no script runs from a message, a delivery or an answer', async () => {
  const { server, addon, page } = await inspect()
  addon.respond = () => ({ status: 500, headers: { 'content-type': 'text/html' }, body: hostile })
  await call(server, 'PUT', '/room/1/topic', {
    token: server.adminToken,
    json: { topic: hostile.slice(0, 250) },
  })
  await server.say('Lobby', 'alice', hostile)
  await rowOf(page, 1).click()
  await page.getByRole('region', { name: 'Body of the answer' }).getByText(hostile).waitFor()
  await page.getByRole('tab', { name: 'API calls' }).click()
  await page.getByRole('tab', { name: 'Installations' }).click()
  expect(await page.evaluate('window.hacked ?? null')).toBeNull()
})

test('people who are not administrators see nothing in the inspector', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'bob', { path: '/chat/inspector' })
  await page.getByText('Only administrators of the group can see').waitFor()
  expect(await page.getByRole('tab').count()).toBe(0)
})

test('the inspector says that a delivery cannot be sent again if its webhook is gone', async () => {
  const { server, record, page } = await inspect()
  await server.say('Lobby', 'alice', 'hi')
  await rowOf(page, 1).click()
  await server.uninstall(record.oauthId)
  expectError(page, /status of 409/)
  await page.getByRole('button', { name: 'Resend' }).click()
  await page.getByText('The webhook of delivery 1 is gone').waitFor()
})

test('the inspector fits on a phone, in the dark theme too', async () => {
  const { server, page } = await inspect({ viewport: { width: 360, height: 640 }, colorScheme: 'dark' })
  await server.say('Lobby', 'alice', 'a-word-without-end-'.repeat(30))
  await rowOf(page, 1).click()
  await page.getByRole('region', { name: 'Body sent' }).waitFor()
  const width = await page.evaluate('document.querySelector("main section").scrollWidth')
  expect(width).toBeLessThanOrEqual(360)
  await checkAccessibility(page)
})
