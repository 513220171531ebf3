import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { type EventContext, html } from '../../../src/index.ts'
import { createInstallations, type Installation, keyOf } from '../../../src/installations/installation.ts'
import { createMemoryStore, createSealing, type Store } from '../../../src/store/index.ts'
import { delivered, secretOf, sign, startWorld, type TestHandler } from '../../support.ts'

/** A promise and the function that resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** An installed add-on with one handler, and a function that delivers to it without the server. */
async function single(handler: TestHandler, addon = {}) {
  const world = await startWorld((it) => void it.webhook('room_message', { key: 'hook' }, handler), {
    addon,
  })
  const { installation, secret } = await world.install()
  const { oauthId } = installation
  return {
    ...world,
    oauthId,
    deliver: (text = 'hello', body: unknown = delivered(oauthId, 1, text), token = sign(oauthId, secret)) =>
      fetch(`${world.url}/webhook/hook`, {
        method: 'POST',
        headers: { authorization: `JWT ${token}` },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    token: () => sign(oauthId, secret),
  }
}

describe('a handler', () => {
  it('gets only messages that match its pattern, with the match', async () => {
    const { install, say } = await startWorld((addon) => {
      addon.webhook(
        'room_message',
        { pattern: /^\/deploy\s+(?<env>\w+)/i },
        ({ match, sender, message }) => `${sender?.name}: ${match?.groups?.['env']} of ${message.message}`,
      )
    })
    await install()
    expect(await say('hello')).toEqual([])
    expect(await say('/DEPLOY staging now')).toEqual(['Alice Archer: staging of /DEPLOY staging now'])
  })

  it('gets the matching messages even if the server cannot run the pattern', async () => {
    const { install, say, addon } = await startWorld((addon) => {
      addon.webhook('room_message', { pattern: /^(?!\/)\w+ (?=please)/ }, () => 'since you ask')
    })
    expect(addon.descriptor.capabilities?.webhook).toEqual([
      expect.not.objectContaining({ pattern: expect.anything() }),
    ])
    await install()
    expect(await say('coffee please')).toEqual(['since you ask'])
    expect(await say('/coffee please')).toEqual([])
  })

  it('can answer with a string as text, with html as HTML, and with a notification as it is', async () => {
    const { install, server, admin } = await startWorld((addon) => {
      addon.webhook('room_message', { pattern: /^text/ }, () => '<b>1 < 2</b>')
      addon.webhook('room_message', { pattern: /^html/ }, ({ message }) => html`<b>${message.message}</b>`)
      addon.webhook('room_message', { pattern: /^object/ }, () => ({
        message: 'red',
        color: 'red',
        notify: true,
      }))
    })
    await install()
    for (const text of ['text', 'html & more', 'object']) await server.say('Lobby', 'alice', text)
    await server.idle()
    const { items } = await admin.getRoomHistory({ id_or_name: 'Lobby' })
    const notifications = items.filter(({ type }) => type === 'notification')
    expect(notifications).toEqual([
      expect.objectContaining({ message: '<b>1 < 2</b>', message_format: 'text' }),
      expect.objectContaining({ message: '<b>html &amp; more</b>', message_format: 'html' }),
      expect.objectContaining({ message: 'red', color: 'red', message_format: 'html' }),
    ])
  })

  it('that returns nothing is answered with an empty 204', async () => {
    const { deliver } = await single(() => undefined)
    const answer = await deliver()
    expect([answer.status, await answer.text()]).toEqual([204, ''])
  })

  it('gets the room of the event with its calls, and the client of the installation', async () => {
    let seen: EventContext | undefined
    const { install, say, server } = await startWorld((addon) => {
      addon.webhook('room_message', async (context) => {
        seen = context as unknown as EventContext // its scopes do not matter here
        const { name, topic } = await context.room.getRoom()
        await context.room.notify(`${name}: ${topic}`, { color: 'green' })
        await context.reply('in reply')
        await context.room.sendCard({ id: 'c1', style: 'application', title: 'A card' }, 'A card')
      })
    })
    await install('everywhere')
    expect(await say('hello', 'Workshop')).toEqual([
      'Workshop: Where add-ons are tried',
      'in reply',
      'A card',
    ])
    expect(seen?.room).toMatchObject({ name: 'Workshop', privacy: 'public', is_archived: false })
    const [said, , replied, card] = server.history('Workshop').slice(-4)
    expect(replied?.attach_to).toBe(said?.id)
    expect(JSON.parse(card?.card ?? '')).toMatchObject({ title: 'A card' })
  })

  it('never gets the notifications of the add-on itself', async () => {
    const heard: (string | undefined)[] = []
    const { install, say, server } = await startWorld((addon) => {
      addon.webhook('room_notification', ({ sender }) => void heard.push(sender?.name))
      addon.webhook('room_message', () => 'echo')
    })
    await install()
    await say('hello')
    expect(heard).toEqual([])
    const token = await server.createToken({ room: 'Lobby', label: 'Builds' })
    await fetch(`${server.apiUrl}/room/Lobby/notification`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: '{"message": "passed"}',
    })
    await server.idle()
    expect(heard).toEqual(['Builds'])
  })

  it('is called for each of the events', async () => {
    const events: string[] = []
    const { install, server, admin } = await startWorld((addon) => {
      for (const event of [
        'room_enter',
        'room_exit',
        'room_archived',
        'room_unarchived',
        'room_created',
        'room_deleted',
      ] as const)
        addon.webhook(event, ({ event, sender }) => void events.push(`${event} ${sender?.name}`))
      addon.webhook('room_topic_change', ({ item }) => void events.push(`topic ${item.topic}`))
      addon.webhook('room_file_upload', ({ item }) => void events.push(`file ${item.file.name}`))
    })
    await install('everywhere')
    await server.enter('Workshop', 'bob')
    await server.leave('Workshop', 'bob')
    await server.setTopic('Workshop', 'alice', 'High water at 14:20')
    await server.shareFile('Workshop', 'alice', {
      name: 'tides.pdf',
      size: 12,
      url: 'https://files.example/tides.pdf',
    })
    await admin.updateRoom({ id_or_name: 'Workshop', is_archived: true })
    await admin.updateRoom({ id_or_name: 'Workshop', is_archived: false })
    const { id } = await admin.createRoom({ name: 'Lighthouse' })
    await admin.deleteRoom({ id_or_name: id })
    await server.idle()
    expect(events).toEqual([
      'room_enter Bob Baker',
      'room_exit Bob Baker',
      'topic High water at 14:20',
      'file tides.pdf',
      'room_archived Admin',
      'room_unarchived Admin',
      'room_created Admin',
      'room_deleted Admin',
    ])
  })

  it('of a webhook made through REST gets its deliveries, and is not in the descriptor', async () => {
    const { install, say, addon } = await startWorld((addon) => {
      const extra = addon.webhook('room_message', { key: 'extra', declared: false }, () => 'from REST')
      addon.on('installed', async ({ room }) => {
        await room?.createRoomWebhook({
          url: extra.url,
          event: 'room_message',
          pattern: '^/extra',
          authentication: 'jwt',
        })
      })
    })
    expect(addon.descriptor.capabilities?.webhook).toBeUndefined()
    await install()
    expect(await say('/extra')).toEqual(['from REST'])
  })
})

describe('commands', () => {
  it('answer, show their help, and report what is missing', async () => {
    const { install, say } = await startWorld(
      (addon) => {
        addon.command(
          '/roll <dice> [note...]',
          { description: 'Rolls dice' },
          ({ args }) => `${args.dice} ${args.note.length}`,
        )
        addon.command('/hi', () => 'hello')
      },
      { addon: { helpCommand: true } },
    )
    await install()
    expect(await say('/roll 2d6 "for the" win')).toEqual(['2d6 2'])
    expect(await say('/roll')).toEqual(['<dice> is missing. Usage: /roll <dice> [note...]'])
    expect(await say('/roll help')).toEqual(['/roll <dice> [note...] – Rolls dice'])
    expect(await say('/rolling')).toEqual([])
    expect(await say('/HI')).toEqual(['hello'])
    expect(await say('/help')).toEqual([
      '/roll <dice> [note...] – Rolls dice\n/hi\n/help – Lists the commands',
    ])
  })
})

describe('middleware', () => {
  it('runs around the handler in order, and can answer in its place', async () => {
    const trail: string[] = []
    const { install, say } = await startWorld((addon) => {
      addon.use(async (context, next) => {
        trail.push('outer in')
        const answer = await next()
        trail.push(`outer out with ${String(answer)}`)
        return context.message?.message === 'loud' ? String(answer).toUpperCase() : undefined
      })
      addon.use((context, next) => (context.message?.message === 'secret' ? 'not allowed' : next()))
      addon.webhook('room_message', () => {
        trail.push('handler')
        return 'answer'
      })
    })
    await install()
    expect(await say('plain')).toEqual(['answer'])
    expect(trail).toEqual(['outer in', 'handler', 'outer out with answer'])
    expect(await say('loud')).toEqual(['ANSWER'])
    expect(await say('secret')).toEqual(['not allowed'])
  })

  it('that calls next() twice gets an error', async () => {
    const errors: unknown[] = []
    const { deliver, addon } = await single(() => 'once')
    addon.onError((error) => void errors.push(error))
    expect((await deliver()).status).toBe(200)

    const twice = await startWorld((addon) => {
      addon.use(async (_, next) => {
        await next()
        return next()
      })
      addon.webhook('room_message', () => 'once')
      addon.onError((error) => void errors.push(error))
    })
    await twice.install()
    expect(await twice.say('x')).toEqual([])
    expect(errors).toEqual([expect.objectContaining({ message: 'a middleware called next() twice' })])
  })
})

describe('middleware with mistakes in it', () => {
  const silence = new Promise((resolve) => setTimeout(resolve, 30))

  it('that does not await next() still returns the handler’s answer or error', async () => {
    const errors: unknown[] = []
    const world = await startWorld((addon) => {
      addon.use((_, next) => {
        next()
      })
      addon.webhook('room_message', async ({ message }) => {
        await delay(5)
        if (message.message === 'fail') throw new Error('after a while')
        return 'answer'
      })
      addon.onError((error) => void errors.push(error))
    })
    await world.install()
    expect(await world.say('x')).toEqual(['answer'])
    expect(await world.say('fail')).toEqual([])
    expect(errors).toEqual([expect.objectContaining({ message: 'after a while' })])
  })

  it('that calls next() after it has ended runs no handler, and does not end the process', async () => {
    const handled: string[] = []
    const world = await startWorld((addon) => {
      addon.use((_, next) => {
        setTimeout(next, 1)
        return 'over'
      })
      addon.webhook('room_message', () => void handled.push('handled'))
    })
    await world.install()
    expect(await world.say('x')).toEqual(['over'])
    await silence
    expect(handled).toEqual([])
  })

  it('can swallow the error of the handler', async () => {
    const world = await startWorld((addon) => {
      addon.use(async (_, next) => {
        try {
          return await next()
        } catch {
          return 'swallowed'
        }
      })
      addon.webhook('room_message', () => Promise.reject(new Error('x')))
    })
    await world.install()
    expect(await world.say('x')).toEqual(['swallowed'])
  })
})

describe('a handler that forgets to await', () => {
  it.each<[string, TestHandler]>([
    ['a call without the scope', ({ room }) => void room.getRoom()],
    ['an invalid notification', ({ room }) => void room.notify('')],
    ['an invalid reply', ({ reply }) => void reply(42 as never)],
    ['a call of the client', ({ client }) => void client.getRoom({ id_or_name: 7 })],
    ['a write to the store', ({ store }) => void store.set('', 1)],
  ])('%s does not end the process when it fails, and the failure is logged', async (_, handler) => {
    const lines: string[] = []
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
    const { deliver } = await single(handler, { scopes: ['send_notification'], log })
    expect((await deliver()).status).toBe(204)
    await expect.poll(() => lines.join('')).toMatch(/ERR_|not (waited|kept|sent)/)
  })
})

describe('a handler that fails', () => {
  it('with an error that cannot be read does not end the process', async () => {
    const hostile = Object.defineProperty(new Error('x'), 'details', {
      enumerable: true,
      get: () => {
        throw new Error('gotcha')
      },
    })
    const lines: string[] = []
    const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) })
    for (const thrown of [
      hostile,
      undefined,
      'text',
      Object.freeze(new Error('cold')),
      Object.create(null),
    ]) {
      const { deliver } = await single(() => Promise.reject(thrown), { log })
      expect((await deliver()).status).toBe(500)
    }
    expect(lines).toHaveLength(5)
    for (const line of lines) expect(line).toContain('the handler failed')
  })

  it('is answered with 500 at once, even if the error handler never ends', async () => {
    const { deliver, addon } = await single(() => Promise.reject(new Error('x')), {
      acknowledgeAfter: 20,
      closeTimeout: 10,
    })
    addon.onError(() => new Promise(() => {}))
    expect((await deliver()).status).toBe(500)
    expect((await deliver()).status).toBe(500)
  })

  it('is answered with 500, reported with its context, and may be delivered again', async () => {
    const errors: unknown[][] = []
    let attempts = 0
    const { deliver, addon, token, oauthId } = await single(() => {
      attempts += 1
      if (attempts === 1) throw new Error('database is away')
      return 'now it works'
    })
    addon.onError(
      (error, context) => void errors.push([error, 'event' in context && context.message?.message]),
    )
    const same = token()
    const first = await deliver('x', delivered(oauthId, 1, 'x'), same)
    expect([first.status, await first.text()]).toEqual([500, 'The handler failed.'])
    expect(errors).toEqual([[expect.objectContaining({ message: 'database is away' }), 'x']])
    const second = await deliver('x', delivered(oauthId, 1, 'x'), same)
    expect([second.status, await second.json()]).toEqual([
      200,
      { message: 'now it works', message_format: 'text' },
    ])
  })

  it('and whose error handler fails too does not end the process', async () => {
    const { deliver, addon } = await single(() => Promise.reject('not even an error'))
    addon.onError(() => {
      throw new Error('nor does this work')
    })
    expect((await deliver()).status).toBe(500)
    expect((await deliver()).status).toBe(500)
  })

  it.each([
    [
      { message: 'x', colour: 'red' },
      'notification: colour is not a known member; expected one of message, from, message_format, color, notify, attach_to, card',
    ],
    [{ message: '' }, 'notification: message must NOT have fewer than 1 characters, got 0; nothing was sent'],
    [
      { message: 'x', color: 'blue' },
      'notification: color must be one of yellow, green, red, purple, gray, random; nothing was sent',
    ],
    [42, 'expected a message as a string, html`…` or a notification with a message, got number'],
  ])('by returning %j gets an error that says what a message is', async (returned, message) => {
    const errors: unknown[] = []
    const { deliver, addon } = await single(() => returned as never)
    addon.onError((error) => void errors.push(error))
    expect((await deliver()).status).toBe(500)
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_CONFIGURATION', message })])
  })

  it('without the scope to answer gets an error that names the approved scopes', async () => {
    const errors: unknown[] = []
    const { deliver, addon } = await single(async ({ room }) => void (await room.getRoom()), {
      scopes: ['send_notification'],
    })
    addon.onError((error) => void errors.push(error))
    expect((await deliver()).status).toBe(500)
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'ERR_MISSING_SCOPE',
        message: expect.stringMatching(
          /getRoom needs the scope view_group or view_room; installation .* was approved with send_notification/,
        ),
      }),
    ])
  })
})

describe('a delivery', () => {
  it.each<[string, object]>([
    ['mentions, file and color of null', { mentions: null, file: null, color: null, type: null }],
    ['an unknown type and format', { type: 'poll', message_format: 'markdown' }],
    ['a mention of nobody', { mentions: [null, 'bob'] }],
    ['lists where objects belong', { file: [], notification_sender: [], from: { links: [] } }],
  ])('with %s is handled', async (_, odd) => {
    const heard: unknown[] = []
    const { deliver, oauthId } = await single(({ message }) => void heard.push(message.message))
    const body = delivered(oauthId, 1, 'hello') as { item: { message: object } }
    const message = { ...body.item.message, ...odd }
    expect((await deliver('', { ...body, item: { ...body.item, message } })).status).toBe(204)
    expect(heard).toEqual(['hello'])
  })

  it.each([
    ['no JSON', 'hello', 400, 'Refused: the body is not valid JSON.'],
    ['an empty body', '', 400, 'Refused: expected a JSON body, got an empty one.'],
    ['a list', '[]', 400, 'The delivery cannot be read: value must be object, not array.'],
    [
      'no room',
      '{"item": {"message": {"message": "x"}}}',
      400,
      'The delivery cannot be read: item.room is missing.',
    ],
    [
      'a message that is a number',
      '{"item": {"room": {"id": 1}, "message": {"message": 1}}}',
      400,
      'The delivery cannot be read: item.message.message must be string, not number.',
    ],
    [
      'a prototype',
      '{"__proto__": {"item": 1}, "item": {"room": {"id": 1}, "__proto__": {}}}',
      400,
      'The delivery cannot be read: item.message is missing.',
    ],
    [
      'three hundred kilobytes',
      JSON.stringify({ x: 'x'.repeat(300 * 1024) }),
      413,
      'Refused: the body is longer than 262144 bytes.',
    ],
    ['a hundred thousand brackets', '['.repeat(100_000), 400, 'Refused: the body is not valid JSON.'],
    [
      'nesting a hundred thousand deep',
      '['.repeat(100_000) + ']'.repeat(100_000),
      400,
      'The delivery cannot be read: value must be object, not array.',
    ],
  ])('with %s is refused and named', async (_, body, status, text) => {
    let handled = 0
    const { deliver } = await single(() => {
      handled += 1
    })
    const answer = await deliver('', body)
    expect([answer.status, await answer.text()]).toEqual([status, text])
    expect(handled).toBe(0)
    expect((await deliver()).status).toBe(204)
  })

  it.each([
    ['content-encoding', 'gzip', 'Refused: expected an uncompressed body, got content-encoding gzip.'],
    ['content-type', 'application/json; charset=utf-16', 'Refused: expected the charset utf-8, got utf-16.'],
  ])('with the header %s: %s is refused', async (name, value, text) => {
    const { url, token, oauthId } = await single(() => undefined)
    const answer = await fetch(`${url}/webhook/hook`, {
      method: 'POST',
      headers: { authorization: `JWT ${token()}`, [name]: value },
      body: JSON.stringify(delivered(oauthId, 1, 'x')),
    })
    expect([answer.status, await answer.text()]).toEqual([415, text])
  })

  it('of another event than the webhook’s is not handled', async () => {
    let handled = 0
    const { deliver, oauthId } = await single(() => {
      handled += 1
    })
    const answer = await deliver('', { ...delivered(oauthId, 1, 'x'), event: 'room_notification' })
    expect([answer.status, handled]).toEqual([204, 0])
  })

  it('for a webhook that no longer exists is accepted and logged, since the installation is older', async () => {
    const { url, token, oauthId } = await single(() => 'x')
    const answer = await fetch(`${url}/webhook/old`, {
      method: 'POST',
      headers: { authorization: `JWT ${token()}` },
      body: JSON.stringify(delivered(oauthId, 1, 'x')),
    })
    expect([answer.status, await answer.text()]).toEqual([204, ''])
    const unsigned = await fetch(`${url}/webhook/old`, { method: 'POST', body: '{}' })
    expect(unsigned.status).toBe(401)
  })

  it('of a slow handler is acknowledged, and its late answer is sent as a notification', async () => {
    const { opened, open } = gate()
    const { deliver, messages, server } = await single(() => opened.then(() => 'late'), {
      acknowledgeAfter: 20,
    })
    const answer = await deliver()
    expect([answer.status, await answer.text()]).toEqual([204, ''])
    open()
    await expect.poll(() => messages()).toContain('late')
    await server.idle()
  })

  it('beyond maxDeliveries is answered with 503, can be sent again, and does not affect the others', async () => {
    const { opened, open } = gate()
    let entered = 0
    const world = await startWorld(
      (addon) => {
        addon.webhook('room_message', { key: 'hook', ordered: false }, () => {
          entered += 1
          return opened.then(() => 'done')
        })
      },
      { addon: { maxDeliveries: 2, acknowledgeAfter: 20_000 } },
    )
    const { installation, secret } = await world.install()
    const { oauthId } = installation
    const deliver = (token = sign(oauthId, secret)) =>
      fetch(`${world.url}/webhook/hook`, {
        method: 'POST',
        headers: { authorization: `JWT ${token}` },
        body: JSON.stringify(delivered(oauthId, 1, 'x')),
      })
    const running = [deliver(), deliver()]
    await expect.poll(() => entered).toBe(2)
    const third = sign(oauthId, secret)
    expect((await deliver(third)).status).toBe(503)
    open()
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200])
    expect((await deliver(third)).status).toBe(200)
  })
})

describe('maxDeliveries', () => {
  it('also limits deliveries that arrive during a look-up in the store', async () => {
    const { opened, open } = gate()
    const memory = createMemoryStore()
    const store = {
      ...memory,
      claim: (key: string, ttl: number) => delay(30).then(() => memory.claim(key, ttl)),
    }
    let running = 0
    const world = await startWorld(
      (it) => {
        it.webhook('room_message', { key: 'hook', ordered: false }, async () => {
          running += 1
          await opened
        })
      },
      { addon: { store, maxDeliveries: 2, acknowledgeAfter: 20_000 } },
    )
    const { id: oauthId } = await world.admin.installAddon({
      url: world.addon.descriptor.links.self,
      room_id: 'Lobby',
    })
    const secret = await secretOf(world.store, oauthId)
    const all = Array.from({ length: 10 }, () =>
      fetch(`${world.url}/webhook/hook`, {
        method: 'POST',
        headers: { authorization: `JWT ${sign(oauthId, secret)}` },
        body: JSON.stringify(delivered(oauthId, 1, 'x')),
      }),
    )
    // The handlers wait until the others have been refused.
    let refused = 0
    for (const answer of all) void answer.then(({ status }) => (refused += status === 503 ? 1 : 0))
    await expect.poll(() => refused, { timeout: 20_000 }).toBe(8)
    expect(running).toBe(2)
    open()
    const statuses = (await Promise.all(all)).map(({ status }) => status).sort()
    expect(statuses).toEqual([204, 204, ...Array.from({ length: 8 }, () => 503)])
  })
})

describe('deliveries of one room', () => {
  it('are handled in the order of their arrival, however long each takes', async () => {
    const order: string[] = []
    const { install, server } = await startWorld((addon) => {
      addon.webhook('room_message', async ({ message }) => {
        await delay(message.message === 'first' ? 30 : 0)
        order.push(message.message)
      })
    })
    await install('everywhere')
    for (const text of ['first', 'second', 'third']) await server.say('Lobby', 'alice', text)
    await server.idle()
    expect(order).toEqual(['first', 'second', 'third'])
  })

  it('do not wait for another room, or for each other with ordered: false', async () => {
    const { opened, open } = gate()
    const { addon, install, server } = await startWorld(
      (addon) => {
        addon.webhook('room_message', { pattern: /^wait/ }, () => opened)
        addon.webhook('room_message', { pattern: /^go/, ordered: false }, () => open())
      },
      { addon: { acknowledgeAfter: 10 } },
    )
    await install('everywhere')
    await server.say('Lobby', 'alice', 'wait')
    await server.say('Lobby', 'alice', 'go')
    await opened // would never come about if `go` waited for `wait`
    expect(addon.descriptor.key).toBe('com.example.test')
  })
})

describe('an installation that is removed during its delivery', () => {
  /** Removes it as another process does, and can install another one with the same id. */
  async function remove(store: Store, installation: Installation, installAgain: boolean): Promise<void> {
    const installations = createInstallations(store, createSealing())
    await installations.remove(installation)
    if (!installAgain) return
    const again = { ...installation, installedAt: new Date(), updatedAt: new Date() }
    await installations.add({ installation: again, key: keyOf('another secret') })
    await installations.confirm(again)
  }

  /** An add-on that counts what it handles, with middleware that can wait for a gate. */
  async function counting(options: { store?: Store } = {}) {
    const { opened, open } = gate()
    const handled: string[] = []
    const errors: unknown[] = []
    let waits = false
    let reached = (): void => {}
    const world = await startWorld(
      (it) => {
        it.use(async (_, next) => {
          if (waits) {
            reached()
            await opened
          }
          return next()
        })
        it.onError((error) => void errors.push(error))
        it.webhook('room_message', { key: 'hook' }, async ({ message }) => {
          handled.push(message.message)
          if (message.message === 'first') await opened
        })
      },
      { addon: { acknowledgeAfter: 20_000, ...options } },
    )
    const { installation, secret } = await world.install()
    const { oauthId } = installation
    const headers = () => ({ authorization: `JWT ${sign(oauthId, secret)}` })
    const body = (text: string) => JSON.stringify(delivered(oauthId, 1, text))
    return {
      ...world,
      installation,
      handled,
      errors,
      open,
      /** Resolves when the middleware is waiting. */
      wait: () => {
        waits = true
        return new Promise<void>((resolve) => {
          reached = resolve
        })
      },
      remove: (installAgain: boolean) => remove(world.store, installation, installAgain),
      headers,
      body,
      async deliver(text = 'hello') {
        const init = { method: 'POST', headers: headers(), body: body(text) }
        return (await fetch(`${world.url}/webhook/hook`, init)).status
      },
    }
  }

  it.each([
    ['and gone', false],
    ['and installed again by another server', true],
  ])('while its body arrives gets nothing done: removed %s', async (_, installAgain) => {
    const { url, headers, body, remove, handled } = await counting()
    const text = body('late')
    const length = { 'content-length': String(Buffer.byteLength(text)) }
    const status = await new Promise((resolve, reject) => {
      const sending = request(`${url}/webhook/hook`, { method: 'POST', headers: { ...headers(), ...length } })
      sending.on('response', (answer) => resolve(answer.resume().statusCode))
      sending.on('error', reject)
      sending.write(text.slice(0, 20), () =>
        delay(50)
          .then(() => remove(installAgain))
          .then(() => sending.end(text.slice(20)), reject),
      )
    })
    expect([status, handled]).toEqual([401, []])
  })

  it('while its token is being claimed gets nothing done', async () => {
    const memory = createMemoryStore()
    let claiming = async (): Promise<void> => {}
    const store = {
      ...memory,
      claim: async (key: string, ttl: number) => {
        if (key.includes('jti:')) await claiming()
        return memory.claim(key, ttl)
      },
    }
    const { deliver, remove, handled } = await counting({ store })
    claiming = () => remove(false)
    expect([await deliver(), handled]).toEqual([401, []])
  })

  it('while it waits for an earlier delivery gets nothing done', async () => {
    const { deliver, remove, handled, open } = await counting()
    const first = deliver('first')
    await expect.poll(() => handled).toEqual(['first'])
    const second = deliver('second')
    await delay(50)
    await remove(false)
    open()
    expect([await first, await second, handled]).toEqual([204, 401, ['first']])
  })

  it('while middleware waits gets nothing done, and is not reported as an error', async () => {
    const { deliver, remove, handled, errors, open, wait } = await counting()
    const waiting = wait()
    const answer = deliver()
    await waiting
    await remove(true)
    open()
    expect([await answer, handled, errors]).toEqual([401, [], []])
  })

  it('stores no value that a handler writes later, and makes no call as a new installation with its id', async () => {
    const { opened, open } = gate()
    const started = gate()
    const results: unknown[] = []
    const { store, deliver, addon, oauthId } = await single(async (context) => {
      started.open()
      await opened
      const writes = [context.store.set('a', 1), context.store.update('b', () => 2), context.room.getRoom()]
      results.push(...(await Promise.allSettled(writes)).map(({ status }) => status))
    })
    const answer = deliver()
    await started.opened
    await remove(store, (await addon.installation(oauthId)) as Installation, true) // it was installed above
    open()
    await answer
    expect(results).toEqual(['rejected', 'rejected', 'rejected'])
    for await (const [key] of store.entries('value:')) expect(key).toBe('nothing')
  })
})

describe('a handler that never ends', () => {
  it('times out after handlerTimeout: its signal is aborted, and its room continues', async () => {
    const errors: unknown[] = []
    let reason: unknown
    const { addon, install, say } = await startWorld(
      (addon) => {
        addon.webhook('room_message', ({ message, signal }) => {
          if (message.message !== 'hang') return 'still here'
          signal.addEventListener('abort', () => {
            reason = signal.reason
          })
          return new Promise(() => {})
        })
      },
      { addon: { handlerTimeout: 20 } },
    )
    addon.onError((error) => void errors.push(error))
    await install()
    expect(await say('hang')).toEqual([])
    expect(await say('hello')).toEqual(['still here'])
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'ERR_HANDLER_TIMEOUT',
        message:
          'the handler of room_message took longer than handlerTimeout, 20 ms: its signal is aborted and its result is ignored',
      }),
    ])
    expect(reason).toBe(errors[0])
  })
})

describe('close()', () => {
  it('waits for the late answer of a handler that was acknowledged', async () => {
    const { opened, open } = gate()
    const { deliver, messages, addon } = await single(() => opened.then(() => 'late'), {
      acknowledgeAfter: 10,
    })
    expect((await deliver()).status).toBe(204)
    const closed = addon.close()
    open()
    await closed
    expect(messages()).toContain('late')
  })

  it('waits for the error handler', async () => {
    const reported: string[] = []
    const { deliver, addon } = await single(() => Promise.reject(new Error('x')))
    addon.onError(async () => {
      await delay(30)
      reported.push('reported')
    })
    expect((await deliver()).status).toBe(500)
    await addon.close()
    expect(reported).toEqual(['reported'])
  })

  it('starts nothing that was still waiting after closeTimeout, and aborts signals that are read later', async () => {
    const started: string[] = []
    const { opened, open } = gate()
    const late: boolean[] = []
    const { deliver, addon } = await single(
      async (context) => {
        started.push(context.message.message)
        await opened
        late.push(context.signal.aborted)
      },
      { closeTimeout: 10 },
    )
    const first = deliver('first')
    await expect.poll(() => started).toEqual(['first'])
    const second = deliver('second')
    await delay(50) // until it waits
    const closed = addon.close()
    expect((await second).status).toBe(503)
    open()
    expect((await first).status).toBe(204)
    await closed
    expect(started).toEqual(['first'])
    expect(late).toEqual([true])
  })

  it.each([
    ['in order', true],
    ['out of order', false],
  ])('starts nothing whose claim settles after closeTimeout, %s', async (_, ordered) => {
    const memory = createMemoryStore()
    const claiming = gate()
    const { opened, open } = gate()
    const store = {
      ...memory,
      claim: async (key: string, ttl: number) => {
        if (!key.includes('jti:')) return memory.claim(key, ttl)
        claiming.open()
        await opened
        return memory.claim(key, ttl)
      },
      close: async () => {},
    }
    const started: string[] = []
    const world = await startWorld(
      (it) => {
        it.webhook(
          'room_message',
          { key: 'hook', ordered },
          ({ message }) => void started.push(message.message),
        )
      },
      { addon: { store, closeTimeout: 10 } },
    )
    const { installation, secret } = await world.install()
    const { oauthId } = installation
    const answer = fetch(`${world.url}/webhook/hook`, {
      method: 'POST',
      headers: { authorization: `JWT ${sign(oauthId, secret)}` },
      body: JSON.stringify(delivered(oauthId, 1, 'late')),
    })
    await claiming.opened
    const closed = world.addon.close()
    await delay(100)
    open()
    expect((await answer).status).toBe(503)
    await closed
    expect(started).toEqual([])
  })

  it('waits for running handlers and accepts nothing more', async () => {
    const { opened, open } = gate()
    const entered = gate()
    const { deliver, addon } = await single(() => {
      entered.open()
      return opened.then(() => 'finished')
    })
    const running = deliver()
    await entered.opened
    const closed = addon.close()
    open()
    expect(await (await running).json()).toMatchObject({ message: 'finished' })
    await closed
    await expect(deliver()).rejects.toThrow()
  })

  it('aborts the signal of the handlers that still run after closeTimeout', async () => {
    const entered = gate()
    let reason: unknown
    const { deliver, addon } = await single(
      ({ signal }) =>
        new Promise((_, reject) => {
          entered.open()
          signal.addEventListener('abort', () => {
            reason = signal.reason
            reject(signal.reason)
          })
        }),
      { closeTimeout: 10 },
    )
    const running = deliver()
    await entered.opened
    await addon.close()
    expect((await running).status).toBe(500)
    expect(reason).toEqual(new Error('the add-on is closing'))
  })
})
