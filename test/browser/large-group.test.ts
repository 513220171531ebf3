import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { startServer } from '../server/support.ts'
import { expectError, openBrowser, signInAs } from './support.ts'

openBrowser()

const number = (index: number) => String(index).padStart(3, '0')

/** More people and rooms than a page starts with; the last ones in the lists are not known at first. */
const largeGroup = () =>
  startServer({
    seed: {
      users: [
        { name: 'Alice Archer', mentionName: 'alice' },
        ...Array.from({ length: 150 }, (_, index) => ({
          name: `Person ${number(index)}`,
          mentionName: `p${number(index)}`,
        })),
        { name: 'Zora Zimmer', mentionName: 'zora' },
      ],
      rooms: [
        { name: 'Lobby' },
        ...Array.from({ length: 120 }, (_, index) => ({ name: `Room ${number(index)}` })),
        { name: 'Zenith' },
      ],
    },
  })

const field = (page: Page) => page.getByRole('textbox', { name: /^Message / })

const entry = (page: Page, name: RegExp) => page.getByRole('navigation').getByRole('link', { name })

it('people and rooms that a page does not start with are listed part by part', async () => {
  const server = await largeGroup()
  const page = await signInAs(server, 'alice')
  expect(await entry(page, /Zora/).count()).toBe(0)
  expect(await entry(page, /Zenith/).count()).toBe(0)
  await page.getByRole('button', { name: 'More people' }).click()
  await entry(page, /Zora/).waitFor()
  await page.getByRole('button', { name: 'More rooms' }).click()
  await entry(page, /Zenith/).waitFor()
  expect(await page.getByRole('button', { name: /^More (?:people|rooms)$/ }).count()).toBe(0)
})

it('a person the page does not know yet is suggested, found by the switcher, and named as the author of a message', async () => {
  const server = await largeGroup()
  const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
  await field(page).pressSequentially('@zim')
  await page.getByRole('option', { name: /@zora/ }).click()
  expect(await field(page).inputValue()).toBe('@zora ')
  await page.reload()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Name' }).fill('zen')
  await page.getByRole('option', { name: /Zenith/ }).click()
  await page.getByRole('heading', { name: 'Zenith' }).first().waitFor()
  await server.say('Zenith', 'zora', 'hello @p149 and @alice')
  const message = page.getByRole('log').locator('.message').first()
  await message.getByRole('button', { name: 'Zora Zimmer', exact: true }).waitFor() // can be mentioned, so the page knows this person
  expect(await message.locator('.mention').allTextContents()).toEqual(['@p149', '@alice'])
})

it('a URL opens a place that the page did not start with, but not one that does not exist', async () => {
  const server = await largeGroup()
  const page = await signInAs(server, 'alice', { path: '/chat/person/153' })
  await page.getByRole('heading', { name: 'Zora Zimmer offline' }).waitFor()
  await page.goto(`${server.url}/chat/room/122`)
  await page.getByRole('heading', { name: 'Zenith' }).first().waitFor()
  expectError(page, /404.*integrations/) // of a room that does not exist
  for (const path of ['/chat/room/9999', '/chat/person/9999']) {
    await page.goto(server.url + path)
    await page.getByRole('heading', { name: 'There is nothing here' }).waitFor()
  }
})

it('the list of people in a room changes as they come and go', async () => {
  const server = await largeGroup()
  const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
  await page.getByRole('button', { name: 'People: 1 in the room' }).click()
  const panel = page.getByRole('region', { name: 'People in this room' })
  await panel.getByRole('heading', { name: 'In the room: 1' }).waitFor()
  await server.enter('Lobby', 'zora')
  await panel.getByText('Zora Zimmer').waitFor()
  await panel.getByRole('heading', { name: 'In the room: 2' }).waitFor()
  await page.getByRole('button', { name: 'People: 2 in the room' }).waitFor()
  for (let index = 0; index < 120; index += 1) await server.enter('Lobby', `p${number(index)}`)
  await panel.getByRole('heading', { name: 'In the room: 122' }).waitFor()
  await server.leave('Lobby', 'zora')
  await panel.getByText('Zora Zimmer').waitFor({ state: 'detached' })
  await page.reload()
  await page.getByRole('button', { name: 'People: 121 in the room' }).click()
  await panel.getByText('Person 010').waitFor()
  expect(await panel.getByRole('listitem').count()).toBe(100)
  await panel.getByRole('button', { name: 'More people' }).click()
  await expect.poll(() => panel.getByRole('listitem').count()).toBe(121)
})

it('a person the page does not know yet can be found and invited', async () => {
  const server = await largeGroup()
  const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
  await page.getByRole('button', { name: 'More about Lobby' }).click()
  await page.getByRole('menuitem', { name: 'Invite people…' }).click()
  await page.getByLabel('Find people').fill('zora')
  await page.getByLabel(/Zora Zimmer/).check()
  await page.getByRole('button', { name: 'Invite', exact: true }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
})
