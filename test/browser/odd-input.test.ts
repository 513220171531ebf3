import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { declare, installOverHttp, startAddon, startServer } from '../server/support.ts'
import { openBrowser, signInAs } from './support.ts'

openBrowser()

const field = (page: Page) => page.getByRole('textbox', { name: /^Message / })

const log = (page: Page) => page.getByRole('log')

/** A key as an input method sends it: `isComposing`, or in Safari's form for the key that ends a composition. */
const pressComposing = (page: Page, key: string, how: 'composing' | 'Safari') =>
  page.evaluate(`document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {
    key: '${key}',
    keyCode: ${how === 'Safari' ? 229 : 13},
    isComposing: ${how === 'composing'},
    bubbles: true,
    cancelable: true,
  }))`)

describe('a key that an input method uses', () => {
  it.each(['composing', 'Safari'] as const)('sends no message (%s), and the next Enter does', async (how) => {
    const server = await startServer()
    const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
    await field(page).fill('にほんご')
    await pressComposing(page, 'Enter', how)
    expect(await field(page).inputValue()).toBe('にほんご')
    expect(server.history('Lobby')).toEqual([])
    await page.keyboard.press('Enter')
    await expect.poll(() => server.history('Lobby').map(({ message }) => message)).toEqual(['にほんご'])
    expect(await field(page).inputValue()).toBe('')
  })

  it('accepts no suggestion, goes nowhere from the switcher, and closes no dialog', async () => {
    const server = await startServer()
    const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
    await field(page).pressSequentially('@bo')
    await page.getByRole('option', { name: /@bob/ }).waitFor()
    for (const key of ['Enter', 'Tab', 'ArrowDown', 'Escape']) await pressComposing(page, key, 'Safari')
    expect(await field(page).inputValue()).toBe('@bo')
    expect(await page.getByRole('option', { name: /@bob/ }).getAttribute('aria-selected')).toBe('true')
    await page.keyboard.press('Enter')
    expect(await field(page).inputValue()).toBe('@bob ')

    await page.keyboard.press('Control+k')
    await page.getByRole('combobox', { name: 'Name' }).fill('Works')
    await pressComposing(page, 'Enter', 'Safari')
    expect(page.url()).toMatch(/\/room\/1$/)
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/room\/2$/)

    await page.getByRole('button', { name: 'Change the topic' }).click()
    await page.getByLabel('Topic').fill('あたらしい')
    await pressComposing(page, 'Escape', 'composing')
    await pressComposing(page, 'Enter', 'composing')
    expect(await page.getByLabel('Topic').inputValue()).toBe('あたらしい')
    await page.keyboard.press('Enter')
    await page.locator('.room-topic').getByText('あたらしい').waitFor()
  })
})

describe('characters', () => {
  const emoji = '🚀' // one character, and two for JavaScript

  it('of a message are counted as the server counts them', async () => {
    const server = await startServer()
    const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
    await field(page).fill(emoji.repeat(9_990))
    await page.getByText('10 characters left').waitFor()
    await field(page).fill(emoji.repeat(10_001))
    await page.getByText('1 characters too many').waitFor()
    await page.keyboard.press('Enter')
    await page
      .getByRole('alert')
      .getByText('A message can have at most 10000 characters; this one has 10001.')
      .waitFor()
    await field(page).fill(emoji.repeat(10_000))
    await page.keyboard.press('Enter')
    await expect.poll(() => server.history('Lobby').length).toBe(1)
  })

  it('of a name and of a topic are counted the same way', async () => {
    const server = await startServer()
    const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
    await page.getByRole('button', { name: 'Create a room' }).click()
    await page.getByLabel('Name').fill(emoji.repeat(51))
    await page.getByRole('dialog').getByLabel('Topic').fill(emoji.repeat(250))
    await page.getByRole('button', { name: 'Create room' }).click()
    expect(await page.locator('input[name=name]:invalid').count()).toBe(1)
    await page.getByLabel('Name').fill(emoji.repeat(50))
    await page.getByRole('button', { name: 'Create room' }).click()
    await page
      .getByRole('heading', { name: emoji.repeat(50) })
      .first()
      .waitFor()
    await page.locator('.room-topic').getByText(emoji.repeat(250)).waitFor()
  })
})

it('mentions and links are drawn in languages without spaces, and end where the server ends them', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
  const text =
    'こんにちは@aliceさん、@alice-san cc @bob.Thanks bob@alice.com https://example.com/@alice （https://example.com/a_(b)）を見て'
  await server.say('Lobby', 'bob', text)
  const message = log(page).locator('.message').first()
  await message.waitFor()
  expect(await message.locator('.mention').allTextContents()).toEqual(['@alice', '@alice', '@bob'])
  expect(await message.getByRole('link').allTextContents()).toEqual([
    'https://example.com/@alice',
    'https://example.com/a_(b)',
  ])
  expect(await message.locator('.message-text').textContent()).toBe(text)
  const [record] = server.history('Lobby')
  expect(record?.mentions?.map(({ mention_name }) => mention_name)).toEqual(['alice', 'bob'])

  await field(page).pressSequentially('はい@bo')
  await page.getByRole('option', { name: /@bob/ }).waitFor()
  await page.keyboard.press('Enter')
  expect(await field(page).inputValue()).toBe('はい@bob ')
})

it('an action receives the link as it is drawn', async () => {
  const server = await startServer()
  const addon = await startAddon()
  declare(addon, {
    action: [
      {
        key: 'keep',
        name: { value: 'Keep link' },
        location: 'hipchat.message.action',
        target: 'page',
        conditions: [{ condition: 'message_contains_link' }],
      },
    ],
    externalPage: [
      { key: 'page', name: { value: 'Page' }, url: `${addon.url}/kept?url={message.media.url}` },
    ],
  })
  await installOverHttp(server, addon, 'Lobby')
  const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
  for (const text of [
    '（https://example.com/a_(b)）を見て',
    '[x](https://example.com/c)[y](https://example.com/d)',
  ])
    await server.say('Lobby', 'bob', text)
  for (const [index, url] of ['https://example.com/a_(b)', 'https://example.com/c'].entries()) {
    const message = log(page).locator('.message').nth(index)
    expect(await message.getByRole('link').first().getAttribute('href')).toBe(url)
    await message.hover()
    await message.getByRole('button', { name: /^More for the message/ }).click()
    const [tab] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('menuitem', { name: /Keep link/ }).click(),
    ])
    await tab.waitForURL(/\/kept/)
    expect(new URL(tab.url()).searchParams.get('url')).toBe(url)
    await tab.close()
  }
})
