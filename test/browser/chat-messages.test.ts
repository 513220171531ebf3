import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { hook, installOverHttp, startAddon, startServer } from '../server/support.ts'
import { checkAccessibility, openBrowser, signInAs } from './support.ts'
import { eventually, field, lobby, log, png, say, texts } from './writing.ts'

openBrowser()

it('messages are drawn with lines, links, mentions, emoticons, and the commands of HipChat', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice', lobby)
  await server.say(
    'Lobby',
    'bob',
    'See https://example.com/a?b=1. (smile) (nothing) @alice, @bob and @nobody',
  )
  const message = log(page).locator('.message').first()
  expect(await message.getByRole('link').getAttribute('href')).toBe('https://example.com/a?b=1')
  expect(await message.getByRole('link').getAttribute('rel')).toContain('noopener')
  await message.getByRole('img', { name: '(smile)' }).waitFor()
  expect(await message.locator('.mention').allTextContents()).toEqual(['@alice', '@bob'])
  expect(await message.locator('.mention-mine').allTextContents()).toEqual(['@alice'])
  expect(await message.getAttribute('class')).toContain('message-mine')
  await server.say('Lobby', 'bob', '/code a\n  b')
  expect(await log(page).locator('pre').textContent()).toBe('a\n  b')
  await server.say('Lobby', 'bob', '/me waves')
  await log(page).locator('em').getByText('waves').waitFor()
  await server.setTopic('Lobby', 'bob', 'Something else')
  await log(page).getByText('changed the topic to').waitFor()
  await page.locator('.room-topic').getByText('Something else').waitFor()
})

it('a long history loads back to its beginning, and keeps its scroll position', async () => {
  const server = await startServer()
  for (let at = 1; at <= 200; at += 1) await server.say('Lobby', at % 2 ? 'bob' : 'carol', `line ${at}`)
  const page = await signInAs(server, 'alice', lobby)
  await log(page).getByText('line 200', { exact: true }).waitFor()
  expect(await log(page).getByText('line 200', { exact: true }).isVisible()).toBe(true)
  const top = async (text: string) =>
    Math.round((await log(page).getByText(text, { exact: true }).boundingBox())?.y ?? -1)
  await log(page).evaluate((box) => {
    box.scrollTop = 300
  })
  const before = await top('line 130')
  await log(page).getByText('line 60', { exact: true }).waitFor({ state: 'attached' })
  expect(Math.abs((await top('line 130')) - before)).toBeLessThanOrEqual(2)
  // New messages do not scroll a person who reads older ones to the end.
  await server.say('Lobby', 'bob', 'news')
  const button = page.getByRole('button', { name: 'New messages' })
  await button.waitFor()
  expect(Math.abs((await top('line 130')) - before)).toBeLessThanOrEqual(2)
  await eventually(async () => {
    await log(page).evaluate((box) => {
      box.scrollTop = 0
    })
    return log(page).getByText('This is the beginning.').count()
  }).toBe(1)
  expect(await texts(page)).toHaveLength(201)
  await button.click()
  await eventually(() => button.count()).toBe(0)
})

it('a line shows which messages are new since the last visit', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice', lobby)
  await server.say('Lobby', 'bob', 'seen')
  await log(page).getByText('seen').waitFor()
  await page.getByRole('link', { name: 'Workshop' }).click()
  await page.getByRole('heading', { name: 'Workshop', level: 1 }).waitFor()
  await server.say('Lobby', 'bob', 'not seen')
  await page.getByRole('link', { name: /^Lobby/ }).click()
  await log(page).locator('.log-new + .message').getByText('not seen').waitFor()
})

it('notifications are shown in their five colours, with only harmless HTML', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice', lobby)
  const colours = ['yellow', 'green', 'red', 'purple', 'gray'] as const
  for (const color of colours)
    await server.notify('Lobby', 'bob', {
      message: `<b>Build</b> <a href="https://example.com/${color}">${color}</a>`,
      color,
    })
  for (const color of colours) {
    const message = log(page).locator(`.notification-${color}`)
    await message.getByRole('link', { name: color }).waitFor()
    expect(await message.locator('b').textContent()).toBe('Build')
    expect(await message.getByRole('link').getAttribute('target')).toBe('_blank')
  }
  const shades = await log(page)
    .locator('.notification .message-content')
    .evaluateAll((all) =>
      all.map((one) => one.ownerDocument.defaultView?.getComputedStyle(one).backgroundColor),
    )
  expect(new Set(shades).size).toBe(5)
  await checkAccessibility(page)
  await page.getByRole('button', { name: 'Theme' }).click()
  await page.getByRole('menuitemradio', { name: 'Dark' }).click()
  expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
  await checkAccessibility(page)
  await page.reload()
  await log(page).locator('.notification-gray').waitFor()
  expect(await page.locator('html').getAttribute('data-theme')).toBe('dark')
})

it('a card is drawn in each style, and is replaced by a later one with the same id', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice', lobby)
  const picture = 'https://pictures.example.com/icon.png'
  await page.route(picture, (route) => route.fulfill({ contentType: 'image/png', body: png }))
  const styles = ['file', 'image', 'application', 'link', 'media'] as const
  for (const style of styles)
    await server.notify('Lobby', 'bob', {
      message: 'cannot be drawn',
      card: {
        style,
        id: style,
        title: `A ${style}`,
        url: `https://example.com/${style}`,
        description: { format: 'html', value: `<b>Bold</b> in ${style}` },
        thumbnail: { url: picture, 'url@2x': picture, width: 100, height: 50 },
        icon: { url: picture, 'url@2x': picture },
        attributes: [
          { label: 'State', value: { label: 'waiting', style: 'lozenge-current', icon: picture } },
          { value: { label: 'Noor', url: 'https://example.com/noor' } },
        ],
      },
    })
  for (const style of styles) {
    const card = page.getByRole('article', { name: `A ${style}` })
    await card.waitFor()
    expect(await card.locator('.card-title a').getAttribute('href')).toBe(`https://example.com/${style}`)
    expect(await card.locator('.card-description b').textContent()).toBe('Bold')
    expect(await card.locator('.lozenge-current').textContent()).toBe('waiting')
    expect(await card.getByRole('link', { name: 'Noor' }).getAttribute('href')).toBe(
      'https://example.com/noor',
    )
    expect(await card.locator('.card-thumbnail').getAttribute('srcset')).toContain('2x')
  }
  expect(await log(page).getByText('cannot be drawn').count()).toBe(0)
  await checkAccessibility(page)

  await server.notify('Lobby', 'bob', {
    message: 'again',
    card: {
      style: 'application',
      id: 'file',
      title: 'Later',
      activity: { html: '<b>Bob</b> did it' },
    },
  })
  await log(page).getByText('updated below').waitFor()
  expect(await page.getByRole('article', { name: 'A file' }).count()).toBe(0)
  const unfold = page.getByRole('button', { name: 'Details of Later' })
  expect(await page.getByRole('article', { name: 'Later' }).count()).toBe(0)
  await unfold.click()
  await page.getByRole('article', { name: 'Later' }).waitFor()

  await server.notify('Lobby', 'bob', {
    message: 'shown as text',
    message_format: 'text',
    card: { style: 'link', id: 'none', title: 'A link without a description' },
  })
  await log(page).getByText('shown as text').waitFor()
})

it('files can be attached and sent, and pictures open in full size', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice', lobby)
  await field(page).waitFor()
  await page.locator('input[type=file]').setInputFiles([
    { name: 'dot.png', mimeType: 'image/png', buffer: png },
    { name: 'a "note".txt', mimeType: 'text/plain', buffer: Buffer.from('hello\r\n--part') },
  ])
  await say(page, 'Look')
  const save = log(page).getByRole('link', { name: /a "note".txt/ })
  await save.waitFor()
  const [picture, note] = server.history('Lobby')
  expect(picture).toMatchObject({ message: 'Look', file: { name: 'dot.png', size: png.length } })
  expect(note).toMatchObject({ file: { name: 'a "note".txt', size: 13 } })
  expect(await (await fetch(note?.file?.url ?? '')).text()).toBe('hello\r\n--part')
  await page.getByRole('button', { name: 'Show dot.png in full size' }).click()
  const viewer = page.getByRole('dialog', { name: 'dot.png' })
  await viewer.getByRole('img', { name: 'dot.png' }).waitFor()
  await page.keyboard.press('Escape')
  await eventually(() => viewer.count()).toBe(0)

  const folder = mkdtempSync(join(tmpdir(), 'hipchat-page-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const big = join(folder, 'big.bin')
  writeFileSync(big, '')
  truncateSync(big, 20 * 1024 * 1024 + 1)
  await page.locator('input[type=file]').setInputFiles(big)
  await page.getByRole('alert').getByText('big.bin has 21.0 MB').waitFor()
})

it('people, emoticons and commands are suggested while they are typed', async () => {
  const server = await startServer()
  const addon = await startAddon({ webhook: [] })
  addon.descriptor['capabilities'] = {
    ...(addon.descriptor['capabilities'] as object),
    webhook: hook(addon, { pattern: '^/roll\\b' }),
  }
  await installOverHttp(server, addon, 'Lobby')
  const page = await signInAs(server, 'alice', lobby)
  await page.getByText('What to type:').waitFor()
  expect(await field(page).getAttribute('placeholder')).toBe('Message Lobby, or /roll')
  await field(page).pressSequentially('Hello @ca')
  await page.getByRole('option', { name: /@carol/ }).waitFor()
  await checkAccessibility(page)
  await page.keyboard.press('Enter')
  await field(page).pressSequentially('(smi')
  await page.getByRole('option', { name: '(smile)' }).waitFor()
  await page.keyboard.press('Tab')
  expect(await field(page).inputValue()).toBe('Hello @carol (smile) ')
  await page.keyboard.press('Enter')
  await eventually(() => texts(page)).toHaveLength(1)
  await field(page).pressSequentially('/ro')
  await page.getByRole('option', { name: '/roll Dice' }).waitFor()
  await page.keyboard.press('Tab')
  expect(await field(page).inputValue()).toBe('/roll ')
})

it('a draft is kept for its room, and a message that is too long is not sent', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice', lobby)
  await field(page).fill('half a thou')
  await page.getByRole('link', { name: 'Workshop' }).click()
  await page.getByRole('heading', { name: 'Workshop', level: 1 }).waitFor()
  expect(await field(page).inputValue()).toBe('')
  await page.goBack()
  await page.getByRole('heading', { name: 'Lobby', level: 1 }).waitFor()
  expect(await field(page).inputValue()).toBe('half a thou')
  await field(page).fill('x'.repeat(10_001))
  await page.getByText('1 characters too many').waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText('can have at most 10000 characters').waitFor()
  expect(server.history('Lobby')).toEqual([])
})

it('a message can be answered from its menu with the keyboard', async () => {
  const server = await startServer()
  await server.say('Lobby', 'bob', 'Who comes along?')
  const page = await signInAs(server, 'alice', lobby)
  const more = page.getByRole('button', { name: /^More for the message of Bob Baker/ })
  await more.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('menuitem', { name: 'Reply' }).waitFor()
  await eventually(() => page.evaluate('document.activeElement.textContent')).toBe('Reply')
  await page.keyboard.press('Enter')
  await page.getByText('Replying to').waitFor()
  await say(page, 'I do')
  await log(page)
    .getByRole('button', { name: /Bob Baker\s*Who comes along\?/ })
    .waitFor()
  const [asked, answered] = server.history('Lobby')
  expect(answered).toMatchObject({ message: 'I do', attach_to: asked?.id })
})

it('a link to a message opens it, however old it is', async () => {
  const server = await startServer()
  for (let at = 1; at <= 160; at += 1) await server.say('Lobby', 'bob', `line ${at}`)
  const { id } = server.history('Lobby')[9] ?? {}
  const page = await signInAs(server, 'alice', { path: `/chat/room/1#message-${id}` })
  const message = log(page).getByText('line 10', { exact: true })
  await message.waitFor()
  await eventually(() => page.evaluate('document.activeElement.id')).toBe(`message-${id}`)
  const [box, frame] = [await message.boundingBox(), await log(page).boundingBox()]
  expect(box?.y).toBeGreaterThan(frame?.y ?? Number.NaN)
  expect(box?.y).toBeLessThan((frame?.y ?? 0) + (frame?.height ?? 0))
})
