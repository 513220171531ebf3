import { Readable } from 'node:stream'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { html, type PageContext, type PageHandler, page } from '../../../src/index.ts'
import { sign } from '../../support.ts'
import { sessionTokenIn, startShowing } from '../viewer.ts'

type Shown = PageHandler<PageContext<never, never>>

const panel = (handler: Shown, options: Parameters<typeof startShowing>[1] = {}) =>
  startShowing((addon) => void addon.webPanel({ key: 'board', name: 'The board' }, handler), options)

/** An add-on whose log can be read. */
function logged() {
  const lines: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  return { lines, log }
}

describe('the handler of a page', () => {
  it('gets the verified user, room and installation', async () => {
    const seen: unknown[] = []
    const { open, installation } = await startShowing(
      (addon) => {
        addon.dialog(
          { key: 'approve', title: 'Approve', parameters: { mid: 'message.mid', other: 'message.body' } },
          async ({ installation, room, user, theme, parameters, module, client, store, signal }) => {
            await store.set('opened', parameters.mid)
            const { name } = (await room?.getRoom()) ?? {}
            const { items } = await client.getAllUsers()
            seen.push({ id: installation.oauthId, name, user, theme, parameters: { ...parameters }, module })
            seen.push([items.length > 0, await store.get('opened'), signal.aborted])
            return 'ok'
          },
        )
      },
      { room: 'everywhere' },
    )
    expect((await open('/page/approve?mid=a%26b&theme=dark&surplus=1')).status).toBe(200)
    expect(seen).toEqual([
      {
        id: installation.oauthId,
        name: 'Lobby',
        user: { id: 2, timezone: 'Europe/Berlin' },
        theme: 'dark',
        parameters: { mid: 'a&b', other: '' },
        module: 'approve',
      },
      [true, 'a&b', false],
    ])
  })

  it('gets no room for a page about the whole group, and no user if the request names none', async () => {
    const seen: unknown[] = []
    const { open, token } = await startShowing(
      (addon) => {
        addon.configurable(({ room, user, theme }) => void seen.push(room?.id, user, theme))
      },
      { room: 'everywhere' },
    )
    const { status, text } = await open('/configure', {}, token({ sub: undefined, context: {} }))
    expect([status, text, seen]).toEqual([204, '', [undefined, undefined, 'light']])
  })

  it('gets the room of a room installation, whether the token names it or not', async () => {
    const { open, token } = await panel(({ room }) => String(room?.id))
    expect((await open('/page/board', {}, token({ context: {} }))).text).toBe('1')
  })
})

describe('the return value of a page’s handler', () => {
  it('is completed if it is the content of a page', async () => {
    const { open, server } = await panel(({ user }) => html`<p>Hello ${user?.id} ${'<script>'}</p>`)
    const { status, headers, text } = await open('/page/board?theme=dark')
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(text).toMatch(/^<!doctype html>\n<html lang="en" data-theme="dark">/)
    expect(text).toContain('<meta charset="utf-8">')
    expect(text).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">')
    expect(text).toContain('<title>The board</title>')
    expect(text).toContain(`<script src="${server.url}/atlassian-connect/all.js"></script>`)
    expect(text).toContain(`<link rel="stylesheet" href="${server.url}/atlassian-connect/all.css">`)
    expect(text).toContain('<p>Hello 2 &lt;script&gt;</p>')
    expect(sessionTokenIn(text).split('.')).toHaveLength(3)
  })

  it('is completed with the options of page()', async () => {
    const head = html`<style>p { color: red }</style>`
    const { open } = await panel(() =>
      page(html`<p>Hallo</p>`, { title: 'A & B', lang: 'de', head, status: 403 }),
    )
    const { status, text } = await open('/page/board')
    expect(status).toBe(403)
    expect(text).toContain('<html lang="de" data-theme="light">')
    expect(text).toContain('<title>A &amp; B</title>')
    expect(text).toContain('<style>p { color: red }</style>')
  })

  it('is sent unchanged if it is a whole page, a string, or nothing', async () => {
    const answers = [html` <!DOCTYPE html><title>Own</title>`, '<b>no markup</b>', undefined]
    const { open } = await panel(() => answers.shift())
    expect((await open('/page/board')).text).toBe(' <!DOCTYPE html><title>Own</title>')
    const text = await open('/page/board')
    expect([text.headers.get('content-type'), text.text]).toEqual([
      'text/plain; charset=utf-8',
      '<b>no markup</b>',
    ])
    expect((await open('/page/board')).status).toBe(204)
  })

  it('can be a Response, with its own status and headers', async () => {
    const headers = new Headers({ 'content-type': 'application/json', 'x-own': '1' })
    headers.append('set-cookie', 'a=1; Path=/')
    headers.append('set-cookie', 'b=2; Path=/')
    const { open } = await panel(() => new Response('{"a":1}', { status: 201, headers }))
    const answer = await open('/page/board')
    expect([answer.status, answer.text]).toEqual([201, '{"a":1}'])
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.headers.get('x-own')).toBe('1')
    expect(answer.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Path=/'])
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  it('can be a redirect, without a referrer', async () => {
    const { open } = await panel(() => Response.redirect('https://example.com/there', 302))
    const { status, headers } = await open('/page/board')
    expect([status, headers.get('location'), headers.get('referrer-policy')]).toEqual([
      302,
      'https://example.com/there',
      'no-referrer',
    ])
  })

  it('can be a Node or web stream, which is sent as HTML', async () => {
    const streams = [Readable.from(['<p>', 'one</p>']), new Blob(['<p>two</p>']).stream()]
    const { open } = await panel(() => streams.shift())
    const first = await open('/page/board')
    expect([first.headers.get('content-type'), first.text]).toEqual([
      'text/html; charset=utf-8',
      '<p>one</p>',
    ])
    expect((await open('/page/board')).text).toBe('<p>two</p>')
  })

  it.each([
    ['a number', 5, 'got number'],
    ['an object', { message: 'hi' }, 'got object'],
    ['an error Response', Response.error(), /expected a Response that can be sent, got Response.error\(\)/],
  ])('is refused if it is %s', async (_, returned, message) => {
    const errors: unknown[] = []
    const { open } = await startShowing((addon) => {
      addon.webPanel({ key: 'board', name: 'B' }, () => returned as never)
      addon.onError((error) => void errors.push(error))
    })
    expect((await open('/page/board')).status).toBe(500)
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_CONFIGURATION' })])
    expect(String(errors[0])).toMatch(message)
  })

  it('is not sent for HEAD, and other methods than GET and HEAD are refused', async () => {
    const { open } = await panel(() => 'x')
    const head = await open('/page/board', { method: 'HEAD' })
    expect([head.status, head.text]).toEqual([200, ''])
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await open('/page/board', { method })
      expect([method, status, headers.get('allow')]).toEqual([method, 405, 'GET, HEAD'])
    }
  })
})

describe('the headers of a page', () => {
  it('allow only its own server to frame it, and prevent caching and referrers', async () => {
    const { open, server } = await panel(() => 'x')
    const { headers } = await open('/page/board')
    const { origin } = new URL(server.url)
    expect(headers.get('content-security-policy')).toBe(`frame-ancestors ${origin}`)
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-frame-options')).toBeNull()
  })

  it('forbid framing an external page, which loads no script of the server', async () => {
    const { open } = await startShowing(
      (addon) => void addon.externalPage({ key: 'wiki' }, () => html`<p>x</p>`),
    )
    const { headers, text } = await open('/page/wiki')
    expect(headers.get('content-security-policy')).toBe("frame-ancestors 'none'")
    expect(text).not.toContain('all.js')
    expect(text).toContain('<title>Test</title>')
  })

  it('keep the policy of a Response, and add frame-ancestors if it has none', async () => {
    const policies = ["default-src 'self';", "default-src 'self'; frame-ancestors https://x.example"]
    const { open, server } = await panel(
      () => new Response('x', { headers: { 'content-security-policy': policies.shift() ?? '' } }),
    )
    const policy = async () => (await open('/page/board')).headers.get('content-security-policy')
    expect(await policy()).toBe(`default-src 'self'; frame-ancestors ${new URL(server.url).origin}`)
    expect(await policy()).toBe("default-src 'self'; frame-ancestors https://x.example")
  })
})

describe('a server’s homepage that is not on an allowed host', () => {
  it.each([
    'https://evil.example',
    'http://127.0.0.1.evil.example/',
    'https://user@evil.example',
    'javascript:alert(1)',
    'https://10.0.0.1',
    'not an address',
  ])('may not frame pages or load scripts: %s', async (homepage) => {
    const { open, store, oauthId, server } = await panel(() => html`<p>hi</p>`)
    // As written by an older version.
    await store.update(`installation:${oauthId}`, (text) =>
      JSON.stringify({ ...JSON.parse(text ?? '{}'), homepage }),
    )
    const { status, headers, text } = await open('/page/board')
    expect(status).toBe(200)
    expect(headers.get('content-security-policy')).toBe(`frame-ancestors ${server.url}`)
    expect(text).toContain(`<script src="${server.url}/atlassian-connect/all.js">`)
    expect(text).not.toMatch(/evil|alert|10\.0/)
  })
})

describe('a page without authentication', () => {
  it('is the same for everyone, and can be framed by allowed servers', async () => {
    const seen: unknown[] = []
    const { open } = await startShowing(
      (addon) => {
        addon.webPanel(
          { key: 'open', name: 'Open', authentication: 'none', parameters: { a: 'x.a' } },
          (context) => {
            seen.push(Object.keys(context).toSorted(), context.parameters.a, context.theme)
            return page(html`<p>hi</p>`, { server: 'https://chat.example.net/' })
          },
        )
      },
      { addon: { allowedHosts: ['chat.example.net', '*.example.org', 'localhost'] } },
    )
    const { status, headers, text } = await open('/page/open?a=1&theme=dark', {}, '')
    expect(status).toBe(200)
    expect(seen).toEqual([['log', 'module', 'parameters', 'signal', 'theme'], '1', 'dark'])
    expect(headers.get('content-security-policy')).toMatch(
      /^frame-ancestors https:\/\/chat\.example\.net:\* https:\/\/\*\.example\.org:\* .*http:\/\/localhost:\*/,
    )
    expect(text).toContain('<script src="https://chat.example.net/atlassian-connect/all.js">')
    expect(text).not.toContain('session-token')
  })
})

describe('a person without a valid token', () => {
  it.each([
    ['none', '', 'Open this page from the chat'],
    ['a forged one', 'forged', 'Open this page from the chat'],
    ['one that has expired', 'expired', 'This page has expired'],
  ])('and with %s sees what to do, inside the chat', async (_, kind, title) => {
    const ran: true[] = []
    const { lines, log } = logged()
    const { open, oauthId, token } = await panel(() => void ran.push(true), { addon: { log } })
    const now = Math.floor(Date.now() / 1000)
    const tokens: Record<string, string> = {
      '': '',
      forged: sign(oauthId, 'another secret'),
      expired: token({ iat: now - 7200, exp: now - 3600 }),
    }
    const { status, text, headers } = await open('/page/board', {}, tokens[kind])
    expect(status).toBe(401)
    expect(text).toContain(`<h1>${title}</h1>`)
    expect(text).toContain('open it from the chat again'.slice(1))
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'unsafe-inline'; frame-ancestors http:\/\/localhost:\*/,
    )
    expect(ran).toEqual([])
    expect(lines).toContainEqual(expect.objectContaining({ fault: expect.any(String), path: '/page/board' }))
  })
})

describe('a page that fails', () => {
  it('shows an error without details, and onError gets the error with the context', async () => {
    const errors: unknown[] = []
    const { open } = await startShowing((addon) => {
      addon.webPanel({ key: 'board', name: 'Board' }, () => {
        throw new Error('the database of accounting is down')
      })
      addon.onError((error, context) => {
        errors.push(String(error), 'module' in context && context.module, 'reply' in context)
      })
    })
    const { status, text } = await open('/page/board')
    expect(status).toBe(500)
    expect(text).toContain('<h1>That did not work</h1>')
    expect(text).not.toContain('accounting')
    expect(errors).toEqual(['Error: the database of accounting is down', 'board', false])
  })

  it('is logged if there is no onError', async () => {
    const { lines, log } = logged()
    const { open } = await panel(
      () => {
        throw new Error('oh')
      },
      { addon: { log } },
    )
    await open('/page/board')
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'the handler failed', module: 'board' }))
  })

  it('because it takes too long says so, and its signal is aborted', async () => {
    const errors: unknown[] = []
    let signal: AbortSignal | undefined
    const { open } = await startShowing(
      (addon) => {
        addon.webPanel({ key: 'board', name: 'Board' }, (context) => {
          signal = context.signal
          return new Promise(() => {})
        })
        addon.onError((error) => void errors.push(error))
      },
      { addon: { handlerTimeout: 50 } },
    )
    const { status, text } = await open('/page/board')
    expect([status, signal?.aborted]).toEqual([504, true])
    expect(text).toContain('<h1>That took too long</h1>')
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_HANDLER_TIMEOUT' })])
  })

  it('in the middle of a stream is cut off and logged, and nothing else fails', async () => {
    const { lines, log } = logged()
    const streams = [
      async function* () {
        yield '<p>half'
        throw new Error('the other half is lost')
      },
    ].map((half) => Readable.from(half()))
    const { open } = await panel(() => streams.shift() ?? 'fine', { addon: { log } })
    await expect(open('/page/board')).rejects.toThrow()
    expect((await open('/page/board')).text).toBe('fine')
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'a request failed' }))
  })

  it('delays close() until it has ended, and no other page starts', async () => {
    let finish = (): void => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    let running = (): void => {}
    const began = new Promise<void>((resolve) => {
      running = resolve
    })
    const { open, addon } = await panel(() => {
      running()
      return finished.then(() => 'done')
    })
    const opened = open('/page/board')
    await began
    const closed = addon.close()
    await expect(open('/page/board')).rejects.toThrow() // it listens no more
    finish()
    expect((await opened).text).toBe('done')
    await closed
  })

  it('because too much is running is answered with 503', async () => {
    let finish = (): void => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    let running = (): void => {}
    const began = new Promise<void>((resolve) => {
      running = resolve
    })
    const { open } = await panel(
      () => {
        running()
        return finished.then(() => 'done')
      },
      { addon: { maxDeliveries: 1 } },
    )
    const first = open('/page/board')
    await began
    expect((await open('/page/board')).status).toBe(503)
    finish()
    expect((await first).status).toBe(200)
  })
})

describe('page', () => {
  it.each([
    [['text'], 'page: expected html`…` as the first argument; a string would not be escaped'],
    [
      [html`x`, { titel: 'x' }],
      'page: titel is not a known option; expected one of title, head, lang, status, server',
    ],
    [[html`x`, { head: '<style>' }], 'page: expected head to be html`…`'],
    [[html`x`, { status: 99 }], 'page: expected status to be a whole number from 200 to 599, got 99'],
    [[html`x`, { lang: '"><script>' }], 'page: expected lang to be a language such as en or pt-BR'],
    [[html`x`, { server: 'javascript:x' }], 'page: expected server to be an absolute http or https address'],
  ])('refuses %j', (all, message) => {
    expect(() => page(...(all as [never]))).toThrow(message)
  })
})
