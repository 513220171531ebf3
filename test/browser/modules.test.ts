import { describe, expect, it } from 'vitest'
import { startServer, verifyJwt } from '../server/support.ts'
import { frame, heard, inLobby, push } from './frames.ts'
import { glance, json, label, lastQuery, panel, startShipyard } from './shipyard.ts'
import { checkAccessibility, expectError, openBrowser } from './support.ts'

openBrowser()

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
