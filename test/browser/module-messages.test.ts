import { describe, expect, it } from 'vitest'
import { accessToken, call, startServer } from '../server/support.ts'
import { frame, heard, inLobby, push } from './frames.ts'
import { glance, label, panel, startShipyard } from './shipyard.ts'
import { openBrowser } from './support.ts'

openBrowser()

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
