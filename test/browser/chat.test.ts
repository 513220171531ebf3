import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it, onTestFinished } from 'vitest'
import { planted } from '../leaks/planted.ts'
import { hook, installOverHttp, startAddon, startServer } from '../server/support.ts'
import { checkAccessibility, expectError, openBrowser, openPage, signInAs } from './support.ts'

openBrowser()

/** A single pixel. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

const lobby = { path: '/chat/room/1' }

const field = (page: Page) => page.getByRole('textbox', { name: /^Message / })

const log = (page: Page) => page.getByRole('log')

async function say(page: Page, text: string): Promise<void> {
  await field(page).fill(text)
  await page.keyboard.press('Enter')
}

const texts = (page: Page) => log(page).locator('.message-text').allTextContents()

/** Waits until a condition holds; if it never does, the error contains its last value. */
const eventually = (look: () => Promise<unknown>) => expect.poll(look, { timeout: 10_000 })

it('a user without a password can be chosen to sign in, and signs out again', async () => {
  const server = await startServer()
  const page = await openPage(server)
  await checkAccessibility(page)
  await page.getByRole('button', { name: 'Alice Archer' }).click()
  await page.getByRole('heading', { name: 'Hello Alice Archer' }).waitFor()
  await page.getByRole('button', { name: /^Alice Archer available/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  // On the sign-in page; the button of the menu has the name in its own, too.
  await page.getByRole('heading', { name: 'Continue as' }).waitFor()
  expect(await page.evaluate('sessionStorage.getItem("hipchat-session")')).toBeNull()
})

it('the right password signs in, and a wrong one is refused', async () => {
  const password = planted('password')
  const server = await startServer({
    seed: { users: [{ name: 'Dora', mentionName: 'dora', password }], rooms: [{ name: 'Lobby' }] },
  })
  const page = await openPage(server)
  expectError(page, /401/)
  await page.getByText('Sign in with a password').click()
  const signIn = async (text: string) => {
    await page.getByLabel('Email address or mention name').fill('dora')
    await page.getByLabel('Password').fill(text)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }
  await signIn('not it')
  await page.getByRole('alert').getByText('Wrong user name or password').waitFor()
  await page.getByLabel('Stay signed in').check()
  await signIn(password)
  await page.getByRole('heading', { name: 'Hello Dora' }).waitFor()
  await page.reload()
  await page.getByRole('heading', { name: 'Hello Dora' }).waitFor()
})

it('two people see each other’s messages', async () => {
  const server = await startServer()
  const alice = await signInAs(server, 'alice', lobby)
  const bob = await signInAs(server, 'bob', lobby)
  for (const text of ['one', 'two', 'two', 'three']) await say(alice, text)
  await eventually(() => texts(bob)).toEqual(['one', 'two', 'two', 'three'])
  await say(bob, 'four')
  await eventually(() => texts(alice)).toEqual(['one', 'two', 'two', 'three', 'four'])
  expect(server.history('Lobby').map(({ message }) => message)).toEqual([
    'one',
    'two',
    'two',
    'three',
    'four',
  ])
})

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

it('mentions and one-to-one messages are counted at their room or person', async () => {
  const server = await startServer()
  const alice = await signInAs(server, 'alice', { path: '/chat/room/2' })
  const bob = await signInAs(server, 'bob', { path: '/chat/person/2' })
  await server.say('Lobby', 'bob', 'for nobody')
  await server.say('Lobby', 'bob', 'for @alice')
  await say(bob, 'just the two of us')
  await alice.getByRole('link', { name: /Lobby.*2 unread, 1 for you/ }).waitFor()
  const link = alice.getByRole('link', { name: /Bob Baker.*1 unread/ })
  await link.waitFor()
  await eventually(() => alice.title()).toMatch(/^\(2\) Workshop/)
  await link.click()
  await log(alice).getByText('just the two of us').waitFor()
  await say(alice, 'hello')
  await eventually(() => texts(bob)).toEqual(['just the two of us', 'hello'])
  await eventually(() => texts(alice)).toEqual(['just the two of us', 'hello'])
  await eventually(() => alice.title()).toMatch(/^\(1\)/)
  await alice.getByRole('link', { name: /Lobby/ }).click()
  await eventually(() => alice.title()).toMatch(/^Lobby/)
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

it('messages written without a connection are sent once and in order when it is back', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice', lobby)
  expectError(page, /ERR_INTERNET_DISCONNECTED/)
  await say(page, 'before')
  await eventually(() => texts(page)).toEqual(['before'])
  await page.context().setOffline(true)
  await say(page, 'first')
  await say(page, 'second')
  await page.getByText('The server cannot be reached. Trying again… 2 messages wait to be sent.').waitFor()
  await server.say('Lobby', 'bob', 'meanwhile')
  await page.context().setOffline(false)
  await page.getByText('Connected again.').waitFor()
  await eventually(async () => server.history('Lobby').map(({ message }) => message)).toEqual([
    'before',
    'meanwhile',
    'first',
    'second',
  ])
  await eventually(() => texts(page)).toEqual(['before', 'meanwhile', 'first', 'second'])
  expect(await log(page).getByText('waits for the server').count()).toBe(0)
})

it('a refused message can be sent again', async () => {
  const server = await startServer({ limits: { flood: 1 } })
  const page = await signInAs(server, 'alice', lobby)
  expectError(page, /429/)
  await say(page, 'one')
  await eventually(async () => server.history('Lobby').length).toBe(1)
  await say(page, 'two')
  await page.getByRole('button', { name: 'Send again' }).waitFor()
  await page.getByRole('button', { name: 'Discard' }).click()
  await eventually(() => texts(page)).toEqual(['one'])
})

it('a room can be created, given a topic, archived and left', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice')
  expectError(page, /400/)
  await page.getByRole('button', { name: 'Create a room' }).click()
  const dialog = page.getByRole('dialog', { name: 'Create a room' })
  await checkAccessibility(page)
  await dialog.getByLabel('Name').fill('Lobby')
  await dialog.getByRole('button', { name: 'Create room' }).click()
  await dialog.getByRole('alert').getByText('Another room exists with that name.').waitFor()
  await dialog.getByLabel('Name').fill('Garden')
  await dialog.getByLabel('Invited people only').check()
  await dialog.getByRole('button', { name: 'Create room' }).click()
  await page.getByRole('heading', { name: /Garden/, level: 1 }).waitFor()

  await page.getByRole('button', { name: 'Change the topic' }).click()
  await page.getByRole('textbox', { name: 'Topic' }).fill('Flowers')
  await page.keyboard.press('Enter')
  await page.locator('.room-topic').getByText('Flowers').waitFor()

  await page.getByRole('button', { name: 'More about Garden' }).click()
  await page.getByRole('menuitem', { name: 'Invite people…' }).click()
  await page.getByRole('checkbox', { name: /Carol Cook/ }).check()
  await page.getByRole('button', { name: 'Add to the room' }).click()
  await page.getByRole('button', { name: /^People: 1/ }).click()
  await page.getByText('Other members: 1').waitFor()
  const carol = await signInAs(server, 'carol')
  await carol.getByRole('link', { name: /Garden/ }).waitFor()
  const bob = await signInAs(server, 'bob')
  expect(await bob.getByRole('link', { name: /Garden/ }).count()).toBe(0)

  await page.getByRole('button', { name: 'More about Garden' }).click()
  await page.getByRole('menuitem', { name: 'Archive this room' }).click()
  await page.getByText('This room is archived').waitFor()
  expect(await field(page).count()).toBe(0)
  await page.getByRole('button', { name: 'More about Garden' }).click()
  await page.getByRole('menuitem', { name: 'Leave this room' }).click()
  await page.getByRole('heading', { name: 'Hello Alice Archer' }).waitFor()
})

it('a status that a person sets is shown to others', async () => {
  const server = await startServer()
  const alice = await signInAs(server, 'alice', lobby)
  const bob = await signInAs(server, 'bob', { path: '/chat/person/2' })
  await alice.getByRole('button', { name: /^Alice Archer available/ }).click()
  await alice.getByRole('menuitemradio', { name: 'Do not disturb' }).click()
  await bob.locator('.room-topic').getByText('do not disturb').waitFor()
  await alice.getByRole('button', { name: /^Alice Archer do not disturb/ }).click()
  await alice.getByRole('menuitem', { name: 'Set a status…' }).click()
  await alice.getByLabel('What others see next to your name').fill('Writing tests')
  await alice.keyboard.press('Enter')
  await bob.locator('.room-topic').getByText('Writing tests').waitFor()
})

it('a few letters find a room, and a question mark opens the shortcuts', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Name' }).fill('work')
  await checkAccessibility(page)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Workshop', level: 1 }).waitFor()
  await log(page).focus()
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  await page.keyboard.press('Escape')
  await eventually(() => page.getByRole('dialog').count()).toBe(0)
})

it('on a phone the rooms are hidden until the person opens them', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice', { ...lobby, viewport: { width: 360, height: 740 } })
  await field(page).waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360)
  const link = page.getByRole('link', { name: 'Workshop' })
  expect(await link.count()).toBe(0)
  await page.getByRole('button', { name: 'Rooms and people' }).click()
  await link.click()
  await page.getByRole('heading', { name: 'Workshop', level: 1 }).waitFor()
  await eventually(() => link.count()).toBe(0)
  await checkAccessibility(page)
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

it('the browser notifies of mentions only after the person has turned it on', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice', { path: '/chat/room/2', permissions: ['notifications'] })
  // Notifications of the browser are recorded: a test has no desktop.
  await page.evaluate(`window.told = []
    class Noted { constructor(title, { body }) { window.told.push([title, body]) } }
    Noted.permission = 'granted'
    Noted.requestPermission = async () => 'granted'
    window.Notification = Noted`)
  await server.say('Lobby', 'bob', 'too early, @alice')
  await page.getByRole('link', { name: /Lobby.*1 unread/ }).waitFor()
  await page.getByRole('button', { name: /^Alice Archer available/ }).click()
  await page.getByRole('menuitem', { name: 'Notify me of mentions' }).click()
  await eventually(() => page.evaluate('localStorage.getItem("hipchat-notify")')).toBe('yes')
  await server.say('Lobby', 'bob', 'no mention')
  await server.say('Lobby', 'bob', 'see <b>, @alice')
  await eventually(() => page.evaluate('window.told')).toEqual([['Bob Baker in Lobby', 'see <b>, @alice']])
})
