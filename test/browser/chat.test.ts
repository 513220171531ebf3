import { expect, it } from 'vitest'
import { planted } from '../leaks/planted.ts'
import { startServer } from '../server/support.ts'
import { checkAccessibility, expectError, openBrowser, openPage, signInAs } from './support.ts'
import { eventually, field, lobby, log, say, texts } from './writing.ts'

openBrowser()

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
