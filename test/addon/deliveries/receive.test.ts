import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type EventContext, html } from '../../../src/index.ts'
import { createMemoryStore, type Store } from '../../../src/store/index.ts'
import { gate } from '../../gate.ts'
import { delivered, secretOf, sign, startWorld } from '../../support.ts'
import { installHandler } from './receive.support.ts'

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
    const { deliver } = await installHandler(() => undefined)
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

describe('a delivery', () => {
  it.each<[string, object]>([
    ['mentions, file and color of null', { mentions: null, file: null, color: null, type: null }],
    ['an unknown type and format', { type: 'poll', message_format: 'markdown' }],
    ['a mention of nobody', { mentions: [null, 'bob'] }],
    ['lists where objects belong', { file: [], notification_sender: [], from: { links: [] } }],
  ])('with %s is handled', async (_, odd) => {
    const heard: unknown[] = []
    const { deliver, oauthId } = await installHandler(({ message }) => void heard.push(message.message))
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
    const { deliver } = await installHandler(() => {
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
    const { url, token, oauthId } = await installHandler(() => undefined)
    const answer = await fetch(`${url}/webhook/hook`, {
      method: 'POST',
      headers: { authorization: `JWT ${token()}`, [name]: value },
      body: JSON.stringify(delivered(oauthId, 1, 'x')),
    })
    expect([answer.status, await answer.text()]).toEqual([415, text])
  })

  it('of another event than the webhook’s is not handled', async () => {
    let handled = 0
    const { deliver, oauthId } = await installHandler(() => {
      handled += 1
    })
    const answer = await deliver('', { ...delivered(oauthId, 1, 'x'), event: 'room_notification' })
    expect([answer.status, handled]).toEqual([204, 0])
  })

  it('for a webhook that no longer exists is accepted and logged, since the installation is older', async () => {
    const { url, token, oauthId } = await installHandler(() => 'x')
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
    const { deliver, messages, server } = await installHandler(() => opened.then(() => 'late'), {
      acknowledgeAfter: 20,
    })
    const answer = await deliver()
    expect([answer.status, await answer.text()]).toEqual([204, ''])
    open()
    await expect.poll(() => messages()).toContain('late')
    await server.idle()
  })

  it('is acknowledged only when the store has recorded it', async () => {
    const order: string[] = []
    const memory = createMemoryStore()
    const store: Store = {
      ...memory,
      async claim(...all) {
        await delay(100)
        order.push('recorded')
        return memory.claim(...all)
      },
    }
    const { opened, open } = gate()
    const { deliver } = await installHandler(() => opened, { store, acknowledgeAfter: 1 })
    order.length = 0
    expect((await deliver()).status).toBe(204)
    order.push('answered')
    open()
    expect(order).toEqual(['recorded', 'answered'])
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
      (addon) => {
        addon.webhook('room_message', { key: 'hook', ordered: false }, async () => {
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
    await expect.poll(() => running, { timeout: 20_000 }).toBe(2)
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
    const { install, server } = await startWorld(
      (addon) => {
        addon.webhook('room_message', { pattern: /^wait/ }, () => opened)
        addon.webhook('room_message', { pattern: /^go/, ordered: false }, () => open())
      },
      { addon: { acknowledgeAfter: 10 } },
    )
    await install('everywhere')
    await server.say('Lobby', 'alice', 'wait')
    await server.say('Lobby', 'alice', 'go')
    await expect(opened).resolves.toBeUndefined() // never, if `go` waited for `wait`
  })
})
