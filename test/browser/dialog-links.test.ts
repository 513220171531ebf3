import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { HipChatServer } from '../../src/server/index.ts'
import { accessToken, call, startServer } from '../server/support.ts'
import { type Shipyard, startShipyard } from './shipyard.ts'
import { checkAccessibility, openBrowser, signInAs } from './support.ts'

openBrowser()

const withDialog = (server: HipChatServer) =>
  startShipyard(
    server,
    (url) => ({ dialog: [{ key: 'd', title: { value: 'Deployment' }, url: `${url}/d/{id}` }] }),
    { room: 'Lobby' },
  ).then((addon) => {
    addon.pages.set('/d/7', `<script>HipChat.register(hear('receive-parameters'))</script>`)
    return addon
  })

async function notify(server: HipChatServer, addon: Shipyard, json: object): Promise<void> {
  const token = await accessToken(server, addon)
  expect((await call(server, 'POST', '/room/1/notification', { token, json })).status).toBe(204)
}

const options = JSON.stringify({
  urlTemplateValues: { id: 7 },
  parameters: { b: 2 },
  options: { title: 'Renamed' },
}).replaceAll('"', '&quot;')

const link = (text: string, href: string) =>
  `<a ${href} data-target="d" data-target-options="${options}">${text}</a>`

/** The dialog is open, with its options, and its page got the parameters; closes it again. */
async function isOpen(page: Page): Promise<void> {
  await page.getByRole('dialog', { name: 'Renamed' }).waitFor()
  const frame = page.frameLocator('iframe[title="Renamed"], dialog iframe')
  await frame.getByText('receive-parameters {"b":2}').waitFor()
  await page.getByRole('dialog', { name: 'Renamed' }).getByRole('button', { name: 'Close' }).first().click()
  await page.getByRole('dialog', { name: 'Renamed' }).waitFor({ state: 'detached' })
}

const card = (more: object) => ({
  message: 'A card',
  card: {
    style: 'application',
    id: 'card-1',
    title: 'Deployment 7',
    description: { format: 'html', value: `Press ${link('in the description', 'href="#"')}.` },
    ...more,
  },
})

describe('a link that opens a dialog', () => {
  it.each(['', 'href="#"', 'href=""', 'href="javascript:void(0)"'])(
    'with %j as its URL is a button, for the mouse and the keyboard',
    async (href) => {
      const server = await startServer()
      const addon = await withDialog(server)
      const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
      await notify(server, addon, { message: link('open it', href) })
      const button = page.getByRole('log').getByRole('button', { name: 'open it' })
      await button.click()
      await isOpen(page)
      for (const key of ['Enter', 'Space']) {
        await button.focus()
        expect(await page.locator('a[role=button]:focus').textContent()).toBe('open it')
        await page.keyboard.press(key)
        await isOpen(page)
      }
      await checkAccessibility(page)
    },
  )

  it('with a web URL stays a link, and Enter opens the dialog', async () => {
    const server = await startServer()
    const addon = await withDialog(server)
    const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
    await notify(server, addon, { message: link('read on', `href="${server.url}/elsewhere"`) })
    const found = page.getByRole('link', { name: 'read on' })
    await found.focus()
    await page.keyboard.press('Enter')
    await isOpen(page)
  })

  it('opens the dialog from the description and from the activity of a card', async () => {
    const server = await startServer()
    const addon = await withDialog(server)
    const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
    await notify(server, addon, card({ activity: { html: `Deployed, ${link('see how', '')}` } }))
    await page.getByRole('button', { name: 'see how' }).click()
    await isOpen(page)
    expect(await page.getByText('in the description').count()).toBe(0) // pressing it expanded nothing
    await page.getByRole('button', { name: 'Details of Deployment 7' }).click()
    const inDescription = page.getByRole('button', { name: 'in the description' })
    await inDescription.focus()
    await page.keyboard.press('Space')
    await isOpen(page)
  })

  it("can be the title of a card, with a URL of HipChat's own scheme", async () => {
    const server = await startServer()
    const addon = await startShipyard(
      server,
      (url) => ({ dialog: [{ key: 'd', title: { value: 'Deployment' }, url: `${url}/plain` }] }),
      { room: 'Lobby' },
    )
    addon.pages.set('/plain', '<p>by the title</p>')
    const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
    await notify(
      server,
      addon,
      card({ url: 'hipchat://www.hipchat.com/room/1?target=com.example.shipyard:d' }),
    )
    await page.getByRole('link', { name: 'Deployment 7' }).click()
    await page.getByRole('dialog', { name: 'Deployment' }).waitFor()
  })

  it('shows an error when its add-on is gone, or when it names a dialog of another add-on', async () => {
    const server = await startServer()
    const addon = await withDialog(server)
    const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
    await notify(server, addon, {
      message: `${link('own', 'href="#"')} <a data-target="com.example.other:x">foreign</a>`,
    })
    await page.getByRole('button', { name: 'foreign' }).click()
    await page.getByText('This link leads to another add-on, which Shipyard may not open.').waitFor()
    await page.keyboard.press('Escape')
    const [installation] = server.installations()
    const looked = page.waitForResponse(/\/page\/integrations/)
    await server.uninstall(installation?.oauthId ?? '')
    await (await looked).finished()
    await page.getByRole('button', { name: 'own', exact: true }).click()
    await page.getByText('The add-on of this link is not in this room.').waitFor()
  })
})
