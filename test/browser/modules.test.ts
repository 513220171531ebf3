import type { FrameLocator, Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import type { HipChatServer } from '../../src/server/index.ts'
import { accessToken, call, startServer, verifyJwt } from '../server/support.ts'
import { glance, json, label, lastQuery, panel, type Shipyard, startShipyard } from './shipyard.ts'
import { checkAccessibility, expectError, openBrowser, type PageOptions, signInAs } from './support.ts'

openBrowser()

const inLobby = (server: HipChatServer, options: PageOptions = {}): Promise<Page> =>
  signInAs(server, 'alice', { path: '/chat/room/1', ...options })

const push = async (
  server: HipChatServer,
  addon: Shipyard,
  path: string,
  content: unknown,
  key = 'status',
) => {
  const token = await accessToken(server, addon)
  const answer = await call(server, 'POST', path, { token, json: { glance: [{ key, content }] } })
  expect(answer.status).toBe(204)
}

const frame = (page: Page, title = 'Board'): FrameLocator => page.frameLocator(`iframe[title="${title}"]`)

/** What the page of an add-on received, one line each. */
const heard = (page: Page, title = 'Board') => frame(page, title).locator('#heard li').allTextContents()

describe('glances', () => {
  it('show what their add-on answers to the browser, in the order of their weights', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({
      glance: [
        glance(url, { weight: 200 }),
        glance(url, { key: 'static', name: { value: 'About' }, queryUrl: undefined, weight: 10 }),
      ],
      webPanel: [panel(url)],
    }))
    addon.pages.set('/glance', () =>
      json(
        label('<b>3</b> <u>deployments</u>', {
          status: { type: 'lozenge', value: { type: 'current', label: 'WAITING' } },
        }),
      ),
    )
    const page = await inLobby(server)
    const list = page.getByLabel('Add-ons of this room')
    await list.getByText('WAITING', { exact: true }).waitFor()
    expect(await list.getByRole('listitem').allTextContents()).toEqual(['About', '3 deploymentsWAITING'])
    expect(await list.locator('b').textContent()).toBe('3')
    expect(await list.locator('u').count()).toBe(0)
    const query = lastQuery(addon, '/glance')
    expect(query.get('connect_client_api_version')).toBe('1')
    expect(verifyJwt(query.get('signed_request') ?? '', addon.oauthSecret)).toMatchObject({
      iss: addon.oauthId,
      context: { room_id: 1 },
    })
    await checkAccessibility(page)
  })

  it('are replaced by updates, for the room and for the group', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({ glance: [glance(url)], webPanel: [panel(url)] }))
    const page = await inLobby(server)
    const row = page.getByRole('button', { name: /deployments|pushed/ })
    await row.getByText('3 deployments').waitFor()
    await push(
      server,
      addon,
      '/addon/ui/room/1',
      label('<b>pushed</b> here', { status: { type: 'lozenge', value: { type: 'new', label: 'NEW' } } }),
    )
    await row.getByText('pushed here').waitFor()
    await row.getByText('NEW', { exact: true }).waitFor()
    await push(server, addon, '/addon/ui', label('pushed to all'))
    await row.getByText('pushed to all').waitFor()
    expect(await row.getByText('NEW', { exact: true }).count()).toBe(0)
    await push(server, addon, '/addon/ui/room/2', label('pushed elsewhere'))
    await push(server, addon, '/addon/ui/user/alice@example.com', label('pushed to Alice'))
    await row.getByText('pushed to Alice').waitFor()
    expect(addon.to('/glance')).toHaveLength(1)
  })

  it('show errors, whatever their conditions, and can be queried again', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({
      glance: [
        glance(url, {
          conditions: [{ condition: 'glance_matches', params: { metadata: [{ attr: 'on', eq: true }] } }],
        }),
      ],
      webPanel: [panel(url)],
    }))
    addon.pages.set('/glance', () => ({ ...json({}), status: 503 }))
    const page = await inLobby(server)
    expectError(page, /503/)
    const list = page.getByLabel('Add-ons of this room')
    await list.getByText('Shipyard answered 503').waitFor()
    addon.pages.set('/glance', () => json({ label: 'x' }))
    await list.getByRole('button', { name: 'Try again: Deployments' }).click()
    await list.getByText('Shipyard answered with invalid content: label is not an object').waitFor()
    addon.pages.set('/glance', () => json(label('on again', { metadata: { on: true } })))
    await list.getByRole('button', { name: 'Try again: Deployments' }).click()
    await list.getByText('on again').waitFor()
    await push(server, addon, '/addon/ui/room/1', label('off', { metadata: { on: false } }))
    await list.waitFor({ state: 'detached' })
    await push(server, addon, '/addon/ui/room/1', label('back', { metadata: { on: true } }))
    await list.getByText('back').waitFor()
  })

  it('are queried again when the page has missed events', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({ glance: [glance(url)], webPanel: [panel(url)] }))
    const page = await inLobby(server)
    expectError(page, /ERR_INTERNET_DISCONNECTED/)
    await page.getByText('3 deployments').waitFor()
    await page.context().setOffline(true)
    await page.getByText('The server cannot be reached').waitFor()
    addon.pages.set('/glance', () => json(label('4 deployments')))
    await page.context().setOffline(false)
    await page.getByText('4 deployments').waitFor()
  })

  it('run no script that an add-on writes', async () => {
    const server = await startServer()
    const attack =
      '<img src=x onerror="top.stolen=1"><svg onload="top.stolen=1"><script>top.stolen=1</script>'
    const addon = await startShipyard(
      server,
      (url) => ({
        glance: [
          glance(url, { name: { value: '<img src=x onerror=top.stolen=1>' } }),
          glance(url, {
            key: 'odd',
            queryUrl: `${url}/odd`,
            icon: { url: 'javascript:1', 'url@2x': 'x 2x, y' },
          }),
        ],
        webPanel: [panel(url, { name: { value: '<b onclick=top.stolen=1>Board</b>' } })],
      }),
      { name: '<script>top.stolen=1</script>' },
    )
    addon.pages.set('/glance', () =>
      json(
        label(`<b onclick="top.stolen=1">bold</b><a href="javascript:top.stolen=1">link</a>${attack}`, {
          status: { type: 'lozenge', value: { type: 'error', label: '<b>lozenge</b>' } },
        }),
      ),
    )
    addon.pages.set('/odd', () =>
      json(
        label('odd', { status: { type: 'icon', value: { url: 'javascript:top.stolen=1', 'url@2x': 'x' } } }),
      ),
    )
    addon.pages.set('/board', '<p>here</p>')
    const page = await inLobby(server)
    expectError(page, /Content Security Policy/) // logged for the inert document in which the label is parsed
    const list = page.getByLabel('Add-ons of this room')
    await list.getByText('<b>lozenge</b>').waitFor()
    await list.getByText('odd', { exact: true }).waitFor()
    expect(await list.locator('.module-label').first().innerHTML()).toBe('<b>bold</b>link')
    expect(await list.locator('script, svg[onload], a, [onclick], [onerror]').count()).toBe(0)
    expect(await list.locator('img').count()).toBe(1)
    await list.getByText('bold').click()
    await frame(page, '<b onclick=top.stolen=1>Board</b>').getByText('here').waitFor()
    expect(await page.evaluate('window.stolen')).toBeUndefined()
  })
})

describe('panels', () => {
  it('are framed with a signed URL and the theme, and can request what their scopes allow', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({ glance: [glance(url)], webPanel: [panel(url)] }))
    addon.pages.set(
      '/board',
      `<script>
        HipChat.room.getRoomDetails((error, room) => say('room', error, room))
        HipChat.room.getParticipants((error, found) => say('here', found.members.map(({ name }) => name)))
        HipChat.user.getCurrentUser().then((user) => say('user', user.mention_name, user.is_guest))
        AP.require('auth', (auth) => auth.withToken((error, token) => say('token', token)))
        AP.require(['chat', 'nothing'], (chat, nothing) => say('modules', typeof chat.focus, typeof nothing))
        HipChat.sidebar.openView({ key: 'nothing' }, (error) => say(error))
        HipChat.room.open({ roomName: 'Nowhere' }).catch((error) => say(error.message))
      </script>`,
    )
    const page = await inLobby(server, { colorScheme: 'light' })
    await page.getByRole('button', { name: '3 deployments' }).click()
    await expect.poll(() => heard(page)).toHaveLength(7)
    const lines = await heard(page)
    const lobby = '{"id":1,"name":"Lobby","privacy":"public","topic":"Say hello"}'
    expect(lines).toContain(`room null ${lobby}`)
    expect(lines).toContain('here ["Alice Archer","Bob Baker"]')
    expect(lines).toContain('user alice false')
    expect(lines).toContain('modules function undefined')
    expect(lines).toContain('sidebar.openView: The add-on has no webPanel or glance called nothing')
    expect(lines).toContain('room.open: There is no room Nowhere')
    const token = lines.find((line) => line.startsWith('token '))?.slice('token null '.length - 5) ?? ''
    expect(verifyJwt(token, addon.oauthSecret)).toMatchObject({ iss: addon.oauthId, context: { room_id: 1 } })
    const query = lastQuery(addon, '/board')
    expect(query.get('theme')).toBe('light')
    expect(verifyJwt(query.get('signed_request') ?? '', addon.oauthSecret)).toMatchObject({ sub: '2' })
    await checkAccessibility(page)

    await page.emulateMedia({ colorScheme: 'dark' })
    await expect.poll(() => lastQuery(addon, '/board').get('theme')).toBe('dark')
    await expect.poll(() => heard(page)).toHaveLength(7)
    await checkAccessibility(page)
  })

  it('learn nothing about the room without the scope for it', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({
      hipchatApiConsumer: { scopes: ['send_notification'] },
      glance: [glance(url)],
      webPanel: [panel(url)],
    }))
    addon.pages.set(
      '/board',
      `<script>
        HipChat.room.getRoomDetails((error, room) => say(error, typeof room))
        HipChat.user.getCurrentUser((error, user) => say(error, typeof user))
      </script>`,
    )
    const page = await inLobby(server)
    await page.getByRole('button', { name: '3 deployments' }).click()
    await expect
      .poll(() => heard(page))
      .toEqual([
        'room.getRoomDetails: the add-on needs the scope view_room to call room.getRoomDetails undefined',
        'user.getCurrentUser: the add-on needs the scope view_room to call user.getCurrentUser undefined',
      ])
  })

  it('are opened again in each room that has the add-on, until they are closed', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({ glance: [glance(url)], webPanel: [panel(url)] }))
    addon.pages.set('/board', '<p>the board</p>')
    const page = await inLobby(server)
    await page.getByRole('button', { name: '3 deployments' }).press('Enter')
    await frame(page).getByText('the board').waitFor()
    await page.getByRole('link', { name: 'Workshop' }).first().click()
    await expect.poll(() => addon.to('/board')).toHaveLength(2)
    const claims = verifyJwt(lastQuery(addon, '/board').get('signed_request') ?? '', addon.oauthSecret)
    expect(claims).toMatchObject({ context: { room_id: 2 } })
    await page.reload()
    await frame(page).getByText('the board').waitFor()
    await page.getByRole('button', { name: 'Close Board' }).click()
    await page.getByRole('button', { name: '3 deployments' }).waitFor()
    await page.reload()
    await page.getByRole('button', { name: '3 deployments' }).waitFor()
    expect(await page.locator('iframe').count()).toBe(0)
  })

  it('cannot reach the page around them, leave their frame, or pose as the page itself', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({
      glance: [
        glance(url),
        glance(url, { key: 'own.glance', target: 'own', name: { value: 'Own' }, queryUrl: undefined }),
      ],
      webPanel: [
        panel(url),
        panel(url, {
          key: 'own',
          name: { value: 'Own' },
          url: `${server.url}/atlassian-connect/all-debug.js`,
        }),
      ],
    }))
    addon.pages.set(
      '/board',
      `<script>
        const attempt = (name, work) => { try { work(); say(name, 'done') } catch (error) { say(name, error.name) } }
        attempt('document', () => parent.document.title)
        attempt('storage', () => parent.sessionStorage)
        attempt('navigate', () => { top.location.href = '/stolen' })
      </script>`,
    )
    const page = await inLobby(server)
    expectError(page, /Unsafe attempt to initiate navigation|sandboxed/)
    await page.getByRole('button', { name: '3 deployments' }).click()
    await expect
      .poll(() => heard(page))
      .toEqual(['document SecurityError', 'storage SecurityError', 'navigate SecurityError'])
    expect(page.url()).toBe(`${server.url}/chat/room/1`)
    const sandbox = await page.locator('iframe').getAttribute('sandbox')
    expect(sandbox?.split(' ')).toContain('allow-same-origin')
    expect(sandbox).not.toContain('top-navigation')
    await page.getByRole('button', { name: 'Close Board' }).click()
    await page.getByRole('button', { name: 'Own' }).click()
    await page.locator('iframe[title="Own"]').waitFor()
    expect(await page.locator('iframe').getAttribute('sandbox')).not.toContain('allow-same-origin')
  })

  it('show why they cannot be opened, and can be tried again', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({
      glance: [glance(url)],
      webPanel: [panel('{where}', { url: '{where}/board' })],
      dialog: [{ key: 'd', title: { value: url }, url: `${url}/d` }],
    }))
    addon.pages.set('/board', '<p>the board</p>')
    const page = await inLobby(server)
    expectError(page, /400/)
    await page.getByRole('button', { name: '3 deployments' }).click()
    await page
      .getByRole('alert')
      .getByText('Board: The address of the module is not an http or https address')
      .waitFor()
    await page.getByRole('alert').getByRole('button', { name: 'Try again' }).click()
    await page.getByRole('alert').getByText('is not an http or https address').waitFor()
  })
})

describe('a panel that never loads', () => {
  it('is given up after 20 seconds', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({ glance: [glance(url)], webPanel: [panel(url)] }))
    const answer = addon.respond
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    addon.respond = async (received) => {
      if (received.path.startsWith('/board')) await held
      return answer(received)
    }
    addon.pages.set('/board', '<p>the board</p>')
    const page = await inLobby(server)
    await page.getByText('3 deployments').waitFor()
    await page.clock.install()
    await page.getByText('3 deployments').click()
    await expect.poll(() => addon.to('/board')).toHaveLength(1)
    await page.clock.runFor(20_000)
    await page.getByText('Board: did not load within 20 seconds').waitFor()
    release()
    await page.getByRole('button', { name: 'Try again' }).click()
    await frame(page).getByText('the board').waitFor()
  })
})

describe('events', () => {
  it('reach all open frames of their add-on, and no others', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({
      glance: [glance(url)],
      webPanel: [panel(url)],
      dialog: [{ key: 'd', title: { value: 'Details' }, url: `${url}/dialog` }],
    }))
    addon.pages.set(
      '/board',
      `<script>
        HipChat.register(hear('never'))
        HipChat.register({ ...hear('glance-update', 'message-received', 'news') })
        HipChat.dialog.open({ key: 'd', parameters: { from: 'board' } }, (error) => say('opened', error))
      </script>`,
    )
    addon.pages.set(
      '/dialog',
      `<script>
        HipChat.register(hear('receive-parameters', 'glance-update', 'never', 'news'))
        HipChat.broadcast('news', { a: 1 })
        HipChat.broadcast('never', { a: 1 })
      </script>`,
    )
    const page = await inLobby(server)
    await page.getByRole('button', { name: '3 deployments' }).click()
    await expect.poll(() => heard(page, 'Details')).toEqual(['receive-parameters {"from":"board"}'])
    await expect.poll(() => heard(page)).toContain('news {"a":1}')
    await push(server, addon, '/addon/ui/room/1', label('x', { metadata: { n: 1 } }))
    const update =
      'glance-update {"addon_key":"com.example.shipyard","module_key":"status","metadata":{"n":1}}'
    await expect.poll(() => heard(page)).toContain(update)
    await expect.poll(() => heard(page, 'Details')).toContain(update)
    const token = await accessToken(server, addon)
    await server.say('Lobby', 'bob', 'not from the add-on')
    await call(server, 'POST', '/room/1/notification', { token, json: { message: 'from the add-on' } })
    await expect.poll(() => heard(page)).toHaveLength(4)
    const [, , , received = ''] = await heard(page)
    expect(JSON.parse(received.slice('message-received '.length))).toMatchObject({
      body: 'from the add-on',
      type: 'notification',
      metadata: { sender_addon_key: 'com.example.shipyard' },
    })
    expect(await heard(page, 'Details')).toHaveLength(2)
  })
})

describe('messages from frames', () => {
  it('count from their own window, their own origin and their own frame only', async () => {
    const server = await startServer()
    const honest = await startShipyard(server, (url) => ({ glance: [glance(url)], webPanel: [panel(url)] }))
    honest.pages.set('/board', `<script>HipChat.register(hear('news'))</script><p>${'x'}</p>`)
    const thief = await startShipyard(
      server,
      (url) => ({
        glance: [
          glance(url, {
            key: 'steal.glance',
            name: { value: 'Steal' },
            queryUrl: undefined,
            target: 'steal',
          }),
        ],
        dialog: [{ key: 'steal', title: { value: 'Steal' }, url: `${url}/steal` }],
      }),
      { key: 'com.example.thief', name: 'Thief' },
    )
    thief.pages.set(
      '/steal',
      `<script>
        const own = JSON.parse(name)
        addEventListener('message', ({ data }) => { if (data.mid === 'm') say('answered', data.args) })
        const ask = (eid, more) => parent.postMessage({ type: 'req', mid: 'm', mod: 'auth', fn: 'withToken', args: [], eid, ...more }, '*')
        window.steal = (eid) => {
          ask(eid)
          parent.postMessage({ type: 'broadcast', eid, etyp: 'news', evnt: 'stolen' }, '*')
          for (const wrong of [null, 5, 'x', [], { eid }, { eid: own.extension_id }, { type: 'req', eid: own.extension_id, mod: 5 }])
            parent.postMessage(wrong, '*')
          ask(own.extension_id, { mod: 'constructor', fn: 'name' })
        }
        // another page of the same origin inside the frame is another window
        const inner = document.createElement('iframe')
        inner.srcdoc = '<script>top.postMessage(' + JSON.stringify({ type: 'req', mid: 'm', mod: 'dialog', fn: 'close', args: [], eid: own.extension_id }) + ', "*"); parent.say("inner asked")<' + '/script>'
        document.documentElement.append(inner)
      </script>`,
    )
    const page = await inLobby(server)
    await page.getByRole('button', { name: '3 deployments' }).click()
    await frame(page).getByText('x', { exact: true }).waitFor()
    const eid = JSON.parse(
      (await page.locator('iframe[title="Board"]').getAttribute('name')) ?? '',
    ).extension_id
    expect(eid).toMatch(/^com\.example\.shipyard__board__/)
    await page.getByRole('button', { name: 'Close Board' }).click()
    await page.getByRole('button', { name: 'Steal' }).click()
    await expect.poll(() => heard(page, 'Steal')).toEqual(['inner asked'])
    const inside = page.frames().find((one) => one.url().includes('/steal'))
    await inside?.evaluate((id) => (globalThis as unknown as { steal(id: string): void }).steal(id), eid)
    // The last answer arrives last: everything before it was ignored.
    await expect
      .poll(() => heard(page, 'Steal'))
      .toEqual(['inner asked', 'answered ["There is no constructor.name"]'])

    // a frame that navigates to another origin is ignored from then on
    const other = honest.url.replace('127.0.0.1', 'localhost')
    honest.pages.set('/elsewhere', '<script>HipChat.dialog.close(() => {}); say("elsewhere")</script>')
    thief.pages.set('/steal', `<script>location.href = '${other}/elsewhere'</script>`)
    await page.getByRole('button', { name: 'Close the dialog' }).click()
    await page.getByRole('button', { name: 'Steal' }).click()
    await frame(page, 'Steal').getByText('elsewhere').waitFor()
    await page.evaluate('new Promise((resolve) => setTimeout(resolve))') // all posted messages have arrived
    expect(await page.getByRole('dialog').count()).toBe(1)
  })

  it('may come from a foreign library', async () => {
    const server = await startServer()
    const addon = await startShipyard(server, (url) => ({ glance: [glance(url)], webPanel: [panel(url)] }))
    // As little as Atlassian's library does: the API from the name, plain objects both ways.
    addon.pages.set('/board', () => ({
      headers: { 'content-type': 'text/html' },
      body: `<!doctype html><ul id="heard"></ul><script>
        const { extension_id: eid, api, origin, options } = JSON.parse(window.name)
        const say = (what) => { heard.append(Object.assign(document.createElement('li'), { textContent: JSON.stringify(what) })) }
        addEventListener('message', (event) => {
          if (event.origin !== origin || event.source !== parent) return
          if (event.data.type === 'evt') {
            parent.postMessage({ eid, type: 'resp', mid: event.data.mid, args: [false] }, origin)
          }
          say(event.data)
        })
        const send = (message) => parent.postMessage({ eid, ...message }, origin)
        say([typeof options, api.room.create.args, api.auth.withToken.args])
        send({ type: 'init' })
        send({ type: 'event_query', args: ['glance-update'] })
        send({ type: 'req', mid: 'a', mod: 'room', fn: 'getRoomDetails', args: [] })
        send({ type: 'req', mod: 'chat', fn: 'focus', args: [] })
        send({ type: 'req', mid: 'b', mod: 'dialog', fn: 'update', args: [{}] })
      </script>`,
    }))
    const page = await inLobby(server)
    await page.getByRole('button', { name: '3 deployments' }).click()
    await expect.poll(() => heard(page)).toHaveLength(3)
    expect((await heard(page)).map((line) => JSON.parse(line))).toEqual([
      ['object', ['name', 'topic', 'privacy'], []],
      {
        type: 'resp',
        mid: 'a',
        args: [null, { id: 1, name: 'Lobby', privacy: 'public', topic: 'Say hello' }],
      },
      { type: 'resp', mid: 'b', args: ['dialog.update: No dialog of this add-on is open'] },
    ])
    await push(server, addon, '/addon/ui/room/1', label('x', { metadata: { n: 1 } }))
    await expect
      .poll(async () => JSON.parse((await heard(page))[3] ?? '{}'))
      .toMatchObject({
        type: 'evt',
        etyp: 'glance-update',
        evnt: { module_key: 'status' },
      })
  })
})

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
