import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startServer } from '../server/support.ts'
import { expectError, openBrowser, openPage } from './support.ts'

openBrowser()

/** Pages on their own origin, without the chat page around them. */
async function startPages(pages: Readonly<Record<string, string>>): Promise<string> {
  const http = createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    const page = pages[(request.url ?? '').split('?')[0] ?? '']
    response.statusCode = page === undefined ? 404 : 200
    response.end(`<!doctype html><link rel="icon" href="data:,"><ul id="heard"></ul>${page ?? ''}`)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    http.closeAllConnections()
    http.close()
  })
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

const say = `<script>
  const say = (...what) => heard.append(Object.assign(document.createElement('li'),
    { textContent: what.map((one) => one instanceof Error ? one.message : JSON.stringify(one)).join(' ') }))
</script>`

describe('the script that pages of add-ons load', () => {
  it.each(['all.js', 'all-debug.js'])(
    '%s never throws, and reports that it is not in a frame of a chat',
    async (name) => {
      const server = await startServer()
      const url = await startPages({
        '/page': `${say}<script src="${server.url}/atlassian-connect/${name}"></script>
        <script src="${server.url}/atlassian-connect/${name}"></script>
        <script>
          say(HipChat === AP, Object.keys(HipChat).sort())
          HipChat.register({ a() {} })
          HipChat.register()
          HipChat.broadcast('a', 1)
          HipChat.dialog.close()
          HipChat.auth.withToken((error, token) => say(error, typeof token))
          HipChat.room.getRoomDetails().catch((error) => say(error))
          AP.require('user', (user) => user.getCurrentUser((error) => say(error)))
          say(document.documentElement.className)
        </script>`,
      })
      const page = await openPage(server)
      await page.goto(`${url}/page?theme=dark`)
      const lines = page.locator('#heard li')
      await expect.poll(() => lines.count()).toBe(5)
      const modules = ['auth', 'chat', 'dialog', 'file', 'room', 'sidebar', 'user']
      const alone = 'This page is not in a frame of a chat: nothing can answer the call.'
      const [first = '', ...others] = await lines.allTextContents()
      expect(first).toBe(`true ${JSON.stringify([...modules, 'broadcast', 'register', 'require'].sort())}`)
      expect(others.sort()).toEqual(
        [alone, JSON.stringify(alone), `"${alone}" "undefined"`, '"hipchat-dark"'].sort(),
      )
    },
  )

  it('works in a foreign host, with the settings in the name of its frame', async () => {
    const server = await startServer()
    const script = `${server.url}/atlassian-connect/all.js`
    const url = await startPages({
      '/page': `${say}<input aria-label="field"><script src="${script}"></script><script>
          HipChat.register({ replaced() {} })
          HipChat.register({ asked: (event, answer) => answer('is', event), told: (event) => say('told', event) })
          HipChat.weather.today('here').then((given) => say('nobody answers', typeof given))
          HipChat.weather.tomorrow('there', (error, value) => say('answered', error, value))
          HipChat.weather.today({ handler() {} }, (error) => say(error.split(':')[0] + ':'))
          HipChat.broadcast('news', { a: 1 })
          say(typeof HipChat.dialog)
        </script>`,
    })
    // A different origin from that of the frame, as in a chat.
    const host = await startPages({
      '/host': `${say}<script>
          const name = JSON.stringify({
            extension_id: 'ext-1',
            api: { weather: { today: { args: ['where'] }, tomorrow: { args: ['where'] } } },
            origin: location.origin,
            options: {},
          })
          const frame = Object.assign(document.createElement('iframe'), { name, src: '${url}/page' })
          addEventListener('message', ({ data, source, origin }) => {
            if (source !== frame.contentWindow || origin !== '${url}') return
            if (data.mid && data.type === 'req') { source.postMessage({ type: 'resp', mid: data.mid, args: [null, 'rain'] }, origin); data.mid = 'some' }
            say(data)
            if (data.type === 'event_query' && data.args.length > 1) {
              source.postMessage({ type: 'evt', etyp: 'asked', evnt: 5, mid: 'q1' }, origin)
              source.postMessage({ type: 'evt', etyp: 'replaced', evnt: 5, mid: 'q2' }, origin)
              source.postMessage({ type: 'evt', etyp: 'told', evnt: [6] }, origin)
              source.postMessage({ type: 'key_listen', keycode: 27, modifiers: ['shift'], action: 'add' }, origin)
              source.postMessage({ type: 'evt', etyp: 'told', evnt: 'and listening' }, origin)
            }
          })
          document.body.append(frame)
        </script>`,
    })
    const page = await openPage(server)
    await page.goto(`${host}/host`)
    const inner = page.frameLocator('iframe')
    const lines = inner.locator('#heard li')
    await expect.poll(() => lines.count()).toBe(6)
    expect((await lines.allTextContents()).sort()).toEqual(
      [
        '"undefined"',
        '"nobody answers" "undefined"',
        '"answered" null "rain"',
        '"The arguments of weather.today cannot be sent:"',
        '"told" [6]',
        '"told" "and listening"',
      ].sort(),
    )
    await inner.getByLabel('field').press('Escape')
    await inner.getByLabel('field').press('Shift+Escape')
    const outer = page.locator('body > #heard li')
    await expect.poll(() => outer.count()).toBe(9)
    const messages = (await outer.allTextContents()).map((line) => JSON.parse(line))
    expect(messages).toEqual([
      { eid: 'ext-1', type: 'init' },
      { eid: 'ext-1', type: 'event_query', args: ['replaced'] },
      { eid: 'ext-1', type: 'event_query', args: ['asked', 'told'] },
      { eid: 'ext-1', type: 'req', mod: 'weather', fn: 'today', args: ['here'] },
      { eid: 'ext-1', type: 'req', mid: 'some', mod: 'weather', fn: 'tomorrow', args: ['there'] },
      { eid: 'ext-1', type: 'broadcast', etyp: 'news', evnt: { a: 1 } },
      { eid: 'ext-1', type: 'resp', mid: 'q1', args: ['is', 5] },
      { eid: 'ext-1', type: 'resp', mid: 'q2', args: [] },
      { eid: 'ext-1', type: 'key_listen', keycode: 27, modifiers: ['shift'] },
    ])
  })

  it('accepts messages only from the page that frames it', async () => {
    const server = await startServer()
    const url = await startPages({
      '/page': `${say}<script src="${server.url}/atlassian-connect/all.js"></script><script>
          HipChat.register({ told: (event) => say('told', event) })
          // from its own window, and from the right one but with a different origin from the name's
          postMessage({ type: 'evt', etyp: 'told', evnt: 'by itself' }, '*')
        </script>`,
    })
    const host = await startPages({
      '/host': `<script>
          const name = JSON.stringify({ extension_id: 'e', api: {}, origin: 'https://chat.example', options: {} })
          const frame = Object.assign(document.createElement('iframe'), { name, src: '${url}/page' })
          frame.onload = () => {
            frame.contentWindow.postMessage({ type: 'evt', etyp: 'told', evnt: 'by a stranger' }, '*')
            document.body.append('sent')
          }
          document.body.append(frame)
        </script>`,
    })
    const page = await openPage(server)
    expectError(page, /target origin provided/) // the script answers the origin of its name only
    await page.goto(`${host}/host`)
    await page.getByText('sent').waitFor()
    const inside = page.frames().find((one) => one.url().includes('/page'))
    await inside?.evaluate('new Promise((resolve) => setTimeout(resolve))') // all posted messages have arrived
    expect(await page.frameLocator('iframe').locator('#heard li').count()).toBe(0)
  })
})
