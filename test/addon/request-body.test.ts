import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json, text } from 'node:stream/consumers'
import Koa from 'koa'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAddon, readJson, readText } from '../../src/index.ts'
import { testOptions } from '../support.ts'

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on a port
}

interface Build {
  readonly id: number
}

const isBuild = (body: unknown): body is Build =>
  typeof body === 'object' && body !== null && 'id' in body && typeof body.id === 'number'

function create() {
  const lines: string[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
  const addon = createAddon({ ...testOptions, store: 'memory:', baseUrl: 'http://localhost:1', log })
  addon.settings({ fields: { channel: { type: 'text', label: 'Channel' } } })
  addon.webhook('room_message', { key: 'hook' }, () => {})
  addon.router.post('/any', async (ctx) => {
    ctx.body = JSON.stringify(await readJson(ctx))
  })
  addon.router.post('/build', async (ctx) => {
    const { id } = await readJson(ctx, { accept: isBuild, limit: 50, timeout: 200 })
    ctx.body = `build ${id}`
  })
  addon.router.post('/text', async (ctx) => {
    ctx.body = (await readText(ctx, { limit: 10 })).toUpperCase()
  })
  addon.router.post('/wrong', async (ctx) => {
    ctx.body = await readText(ctx, { limit: 0 })
  })
  onTestFinished(() => addon.close())
  return { addon, log: () => lines.join('') }
}

const post = async (
  url: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
) => {
  const answer = await fetch(url, { method: 'POST', body, headers })
  return [answer.status, await answer.text()]
}

describe('the body of a request to an author’s route', () => {
  it('is read as JSON or text, within a limit', async () => {
    const { addon } = create()
    const url = await serve(addon.callback())
    expect(await post(`${url}/any`, '{"a":[1]}')).toEqual([200, '{"a":[1]}'])
    expect(await post(`${url}/build`, '{"id":7}')).toEqual([200, 'build 7'])
    expect(await post(`${url}/text`, 'grün')).toEqual([200, 'GRÜN'])
    expect(await post(`${url}/text`, '')).toEqual([200, ''])
  })

  it.each([
    ['/build', '{"id":"x"}', {}, 400, 'Refused: the body is not what is expected here.'],
    ['/build', '{"id":', {}, 400, 'Refused: the body is not valid JSON.'],
    ['/build', '', {}, 400, 'Refused: expected a JSON body, got an empty one.'],
    ['/build', `{"id":7,"more":"${'x'.repeat(60)}"}`, {}, 413, 'Refused: the body is longer than 50 bytes.'],
    ['/text', 'longer than ten', {}, 413, 'Refused: the body is longer than 10 bytes.'],
    ['/any', '{}', { 'content-encoding': 'gzip' }, 415, /^Refused: expected an uncompressed body/],
    [
      '/any',
      '{}',
      { 'content-type': 'application/json; charset=latin1' },
      415,
      /^Refused: expected the charset/,
    ],
    ['/text', new Uint8Array([0xff, 0xfe]), {}, 400, 'Refused: the body could not be read: it is not UTF-8.'],
  ])('is refused at %s: %s', async (path, body, headers, status, message) => {
    const { addon } = create()
    const url = await serve(addon.callback())
    const [answered, said] = await post(url + path, body, headers as Record<string, string>)
    expect(answered).toBe(status)
    expect(said).toMatch(message)
  })

  it('requires a valid limit', async () => {
    const { addon, log } = create()
    expect((await post(`${await serve(addon.callback())}/wrong`, 'x'))[0]).toBe(500)
    expect(log()).toContain('readText: expected limit to be a number above 0, got 0')
  })
})

describe('a body that other middleware has read', () => {
  const fronts: [name: string, (addon: RequestListener) => RequestListener][] = [
    [
      'as express.json() does',
      (addon) => async (request, response) => {
        Object.assign(request, { body: await json(request) })
        addon(request, response)
      },
    ],
    [
      'as koa-body does',
      (addon) => {
        const app = new Koa()
        app.use(async (ctx) => {
          Object.assign(ctx.request, { body: await text(ctx.req) })
          ctx.respond = false
          addon(ctx.req, ctx.res)
        })
        return app.callback()
      },
    ],
    [
      'in part',
      (addon) => (request, response) => {
        request.once('data', () => {
          request.pause()
          addon(request, response)
        })
      },
    ],
    [
      'with an encoding',
      (addon) => (request, response) => {
        addon(request.setEncoding('utf8'), response)
      },
    ],
  ]

  it.each(fronts)('%s is an error that says so, and says where to mount it', async (_, front) => {
    const { addon, log } = create()
    const url = await serve(front(addon.callback()))
    for (const path of ['/installable', '/installable/updated', '/any']) {
      const [status, said] = await post(url + path, '{"id":7}')
      expect(status).toBe(500)
      expect(said).toContain('mount this before that middleware')
    }
    expect((await post(`${url}/configure`, '{"id":7}'))[0]).toBe(500)
    expect(log()).toContain('the body was read before it got here')
  })

  it('is read if the middleware has not read it', async () => {
    const { addon } = create()
    const listener = addon.callback()
    const url = await serve((request, response) => {
      Object.assign(request, { body: {} }) // as Express 4 does for types that it does not read
      listener(request, response)
    })
    expect(await post(`${url}/any`, '[1]')).toEqual([200, '[1]'])
  })
})
