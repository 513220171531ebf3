import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { accessToken, call, startServer, verifyJwt } from '../server/support.ts'
import { frame, heard, inLobby } from './frames.ts'
import { glance, lastQuery, panel, startShipyard } from './shipyard.ts'
import { checkAccessibility, openBrowser } from './support.ts'

openBrowser()

describe('dialogs', () => {
  const dialog = (url: string, options: Record<string, unknown> = {}) => ({
    key: 'd',
    title: { value: 'Approve <b>it</b>' },
    url: `${url}/dialog/{id}`,
    options: {
      size: 'small',
      hint: { value: 'Approvals are logged' },
      filter: { placeholder: { value: 'Filter changes' } },
      primaryAction: { name: { value: 'Approve' }, enabled: false },
      secondaryActions: [{ key: 'later', name: { value: 'Later' } }],
      ...options,
    },
  })

  async function open(script: string, options: Record<string, unknown> = {}) {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({
      glance: [glance(url, { queryUrl: undefined, target: 'board' })],
      webPanel: [panel(url)],
      dialog: [dialog(url, options)],
    }))
    addon.pages.set(
      '/board',
      `<button onclick="HipChat.dialog.open({ key: 'd', urlTemplateValues: { id: 'a b' } })">Open</button>`,
    )
    addon.pages.set('/dialog/a%20b', script)
    const page = await inLobby(server)
    await page.getByRole('button', { name: 'Deployments' }).click()
    await frame(page).getByRole('button', { name: 'Open' }).click()
    const box = page.getByRole('dialog', { name: 'Approve <b>it</b>' })
    await box.waitFor()
    return { server, addon, page, box }
  }

  it('have their options, which their page can change, and receive the filter', async () => {
    const { page, box } = await open(
      `<script>
        HipChat.register(hear('dialog-filter-changed'))
        window.update = (change) => HipChat.dialog.update(change)
      </script>`,
    )
    await box.getByText('Approvals are logged').waitFor()
    expect(await box.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true)
    await checkAccessibility(page)
    await box.getByRole('searchbox', { name: 'Filter changes' }).pressSequentially('abc')
    await expect
      .poll(() => heard(page, 'Approve <b>it</b>'))
      .toEqual(['dialog-filter-changed {"value":"abc"}'])
    const inside = page.frames().find((one) => one.url().includes('/dialog/'))
    await inside?.evaluate('HipChat.dialog.updatePrimaryAction({ enabled: true })')
    await expect.poll(() => box.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(false)
    await inside?.evaluate(
      `HipChat.dialog.update({ title: 'Renamed', options: { hint: { value: 'New' }, size: { width: '300px', height: '50%' } } })`,
    )
    const renamed = page.getByRole('dialog', { name: 'Renamed' })
    await renamed.getByText('New', { exact: true }).waitFor()
    expect((await renamed.boundingBox())?.width).toBe(300)
    expect(await renamed.getByRole('button', { name: 'Later' }).count()).toBe(1)
    await inside?.evaluate('setTimeout(() => HipChat.dialog.close())')
    await renamed.waitFor({ state: 'detached' })
  })

  it('stay open while their page says so, and close when it does not', async () => {
    const { page, box } = await open(
      `<script>
        let presses = 0
        HipChat.register({ 'dialog-button-click': (event, close) => { say(event); close(++presses > 1 ? undefined : false) } })
      </script><p>ready</p>`,
    )
    const title = 'Approve <b>it</b>'
    await frame(page, title).getByText('ready').waitFor()
    await box.getByRole('button', { name: 'Later' }).click()
    await expect.poll(() => heard(page, title)).toEqual(['{"action":"later"}'])
    await expect.poll(() => box.getByRole('button', { name: 'Later' }).isEnabled()).toBe(true)
    await box.getByRole('button', { name: 'Later' }).click()
    await box.waitFor({ state: 'detached' })
  })

  it('close at once if their page does not answer', async () => {
    const { page, box } = await open('<p>ready</p>', { secondaryActions: undefined })
    await frame(page, 'Approve <b>it</b>').getByText('ready').waitFor()
    await box.getByRole('button', { name: 'Close', exact: true }).click()
    await box.waitFor({ state: 'detached' })
  })

  it('close with Escape, also from within their page, with their room, and with their add-on', async () => {
    const { server, addon, page, box } = await open('<input id="field" aria-label="field"><p>ready</p>')
    const again = async () => {
      await frame(page).getByRole('button', { name: 'Open' }).click()
      await frame(page, 'Approve <b>it</b>').getByText('ready').waitFor()
    }
    await frame(page, 'Approve <b>it</b>').getByLabel('field').press('Escape')
    await box.waitFor({ state: 'detached' })
    await again()
    await box.getByRole('searchbox').press('Escape')
    await box.waitFor({ state: 'detached' })
    await again()
    await page.evaluate(
      "history.pushState(null, '', '/chat/room/2'); dispatchEvent(new PopStateEvent('popstate'))",
    )
    await box.waitFor({ state: 'detached' })
    await page.evaluate(
      "history.pushState(null, '', '/chat/room/1'); dispatchEvent(new PopStateEvent('popstate'))",
    )
    await again()
    await server.uninstall(addon.oauthId)
    await box.waitFor({ state: 'detached' })
    await expect.poll(() => page.locator('iframe').count()).toBe(0)
  })
})

describe('actions', () => {
  /** Opens a menu and returns its entry; the menu of a message is that of the last one. */
  async function entry(page: Page, menu: RegExp | string, name: string) {
    await page.getByRole('button', { name: menu }).last().click()
    return page.getByRole('menuitem', { name })
  }
  const ofMessage = /^More for the message/

  const action = (more: Record<string, unknown> = {}) => ({
    key: 'act',
    name: { value: 'Act on it' },
    location: 'hipchat.message.action',
    target: 'board',
    ...more,
  })

  it('open their target, which receives the message, also in its URL', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({
      webPanel: [panel(url, { url: `${url}/board?by={message.sender.mention}&of={message.metadata}` })],
      action: [action({ target: { key: 'board', options: { parameters: { a: 1 } } } })],
    }))
    addon.pages.set('/board', `<script>HipChat.register(hear('act', 'receive-parameters'))</script>`)
    const page = await inLobby(server)
    await server.say('Lobby', 'bob', 'look at this & that')
    await page.getByText('look at this & that').waitFor()
    await (await entry(page, ofMessage, 'Act on it')).click()
    await expect.poll(() => heard(page)).toHaveLength(2)
    const [told = '', parameters] = await heard(page)
    expect(JSON.parse(told.slice(4))).toMatchObject({
      body: 'look at this & that',
      sender: { name: 'Bob Baker', mention: 'bob' },
      mid: server.history('Lobby').at(-1)?.id,
      type: 'message',
    })
    expect(parameters).toBe('receive-parameters {"a":1}')
    expect(lastQuery(addon, '/board').get('by')).toBe('bob')
    expect(lastQuery(addon, '/board').get('of')).toBe('')
  })

  it('are shown if their conditions hold for the message, and a pattern that never ends freezes nothing', async () => {
    const server = await startServer()
    const matching = (regex: object, name: string, key: string) =>
      action({
        key,
        name: { value: name },
        conditions: [{ condition: 'message_matches', params: { regex } }],
      })
    const addon = await startShipyard(server, (url) => ({
      dialog: [{ key: 'board', title: { value: 'Board' }, url: `${url}/board` }],
      action: [
        matching({ pattern: '^(a+)+$', flags: '' }, 'Catastrophe', 'catastrophe'),
        matching({ pattern: '(', flags: '' }, 'Wrong', 'wrong'),
        matching({ pattern: '^A+!', flags: 'i' }, 'Shouted', 'shouted'),
        action({
          key: 'own',
          name: { value: 'Own cards' },
          conditions: [
            {
              condition: 'card_matches',
              params: { metadata: [{ attr: 'sender_addon_key', eq: 'com.example.shipyard' }] },
            },
          ],
        }),
      ],
    }))
    const page = await inLobby(server)
    const text = `${'a'.repeat(60)}!`
    await server.say('Lobby', 'bob', text)
    await page.getByText(text).waitFor()
    await (await entry(page, ofMessage, 'Shouted')).waitFor()
    // Entries of add-ons appear all at once.
    expect(await page.getByRole('menuitem', { name: /Catastrophe|Wrong|Own cards/ }).count()).toBe(0)
    await page.keyboard.press('Escape')

    const token = await accessToken(server, addon)
    const card = { style: 'application', id: 'c', title: 'A card' }
    await call(server, 'POST', '/room/1/notification', { token, json: { message: 'with a card', card } })
    await page.getByText('A card').waitFor()
    await (await entry(page, ofMessage, 'Own cards')).click()
    await page.getByRole('dialog', { name: 'Board' }).waitFor()
  })

  it('of the field open their target with an empty object, and fill the field without sending', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({
      dialog: [{ key: 'd', title: { value: 'Add' }, url: `${url}/add` }],
      action: [
        action({ location: 'hipchat.input.action', target: 'd', name: { value: 'Add something' } }),
        action({
          key: 'lost',
          location: 'hipchat.input.action',
          target: 'nothing',
          name: { value: 'Lost' },
        }),
      ],
    }))
    addon.pages.set(
      '/add',
      `<script>
        HipChat.register(hear('act'))
        HipChat.chat.appendMessage('from the add-on', (error) => say('appended', error))
        HipChat.chat.addFileForUploadWithBase64('data:text/plain;base64,aGVsbG8=', 'hello.txt', (error) => say('added', error))
        HipChat.chat.addFileForUploadWithBase64('nothing', 'x', (error) => say(error))
      </script>`,
    )
    const page = await inLobby(server)
    await (await entry(page, 'What add-ons can add', 'Add something')).click()
    await expect.poll(() => heard(page, 'Add')).toContain('act {}')
    await expect.poll(() => heard(page, 'Add')).toContain('appended null')
    expect(await heard(page, 'Add')).toContain('added null')
    expect(await heard(page, 'Add')).toContain(
      'chat.addFileForUploadWithBase64: dataUrl must be data:TYPE;base64,CONTENT',
    )
    await page.keyboard.press('Escape')
    expect(await page.getByRole('textbox', { name: /^Message/ }).inputValue()).toBe('from the add-on')
    await page.getByText('hello.txt').waitFor()
    expect(server.history('Lobby')).toEqual([])

    await (await entry(page, 'What add-ons can add', 'Lost')).click()
    const problem = page.getByRole('alertdialog', { name: 'Shipyard' })
    await problem.getByText('Shipyard has no module called nothing that can be opened').waitFor()
    await checkAccessibility(page)
    await problem.getByRole('button', { name: 'Close' }).click()
    await problem.waitFor({ state: 'detached' })
  })

  it('open external pages in a tab that cannot reach this one', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({
      externalPage: [{ key: 'ext', name: { value: 'Outside' }, url: `${url}/outside?m={message.body}` }],
      action: [action({ target: 'ext' })],
    }))
    addon.pages.set('/outside', '<script>say(String(opener), document.referrer)</script>')
    const page = await inLobby(server)
    await server.say('Lobby', 'bob', 'a & b')
    await page.getByText('a & b').waitFor()
    const item = await entry(page, ofMessage, 'Act on it')
    const [tab] = await Promise.all([page.context().waitForEvent('page'), item.click()])
    await expect.poll(() => tab.locator('#heard li').allTextContents()).toEqual(['null '])
    expect(lastQuery(addon, '/outside').get('m')).toBe('a & b')
    verifyJwt(lastQuery(addon, '/outside').get('signed_request') ?? '', addon.oauthSecret)
  })
})

describe('links in notifications', () => {
  it('open modules of the add-on that sent them, and of no other', async () => {
    const server = await startServer()
    const dialogs = (url: string) => ({
      dialog: [
        { key: 'd', title: { value: `Of ${url.length > 0 ? 'an add-on' : ''}` }, url: `${url}/d/{id}` },
      ],
    })
    const addon = await startShipyard(server, dialogs)
    await startShipyard(server, (url) => ({ webPanel: [panel(url, { key: 'other' })] }), {
      key: 'com.example.other',
      name: 'Other',
    })
    addon.pages.set('/d/7', `<script>HipChat.register(hear('receive-parameters'))</script>`)
    addon.pages.set('/d/', '<p>by address</p>')
    const page = await inLobby(server)
    const token = await accessToken(server, addon)
    const options = JSON.stringify({
      urlTemplateValues: { id: 7 },
      parameters: { b: 2 },
      options: { title: 'Renamed', options: { hint: 'Hinted' } },
    }).replaceAll('"', '&quot;')
    const message = `<a href="${server.url}/elsewhere" data-target="d" data-target-options="${options}">own</a>
      <a href="hipchat://www.hipchat.com/room/1?target=com.example.shipyard:d">by scheme</a>
      <a href="${server.url}/addons/install" data-target="com.example.other:other">foreign</a>`
    await call(server, 'POST', '/room/1/notification', { token, json: { message } })
    await page.getByRole('link', { name: 'own' }).click()
    const box = page.getByRole('dialog', { name: 'Renamed' })
    await box.getByText('Hinted').waitFor()
    await expect.poll(() => heard(page, 'Renamed')).toEqual(['receive-parameters {"b":2}'])
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'by scheme' }).click()
    await frame(page, 'Of an add-on').getByText('by address').waitFor()
    await page.keyboard.press('Escape')
    const [tab] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('link', { name: 'foreign' }).click(),
    ])
    await tab.waitForURL(`${server.url}/addons/install`)
    expect(await page.locator('iframe').count()).toBe(0)
  })
})
