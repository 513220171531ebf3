import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type AddonOptions,
  ConfigurationError,
  card,
  createAddon,
  type EventName,
  html,
} from '../../src/index.ts'
import { testAddon, webhookFixtures } from '../../src/testing/index.ts'

/** Uses most of what a test looks at. */
function createSample(options: Partial<AddonOptions> = {}) {
  const addon = createAddon({
    key: 'com.example.sample',
    name: 'Sample',
    description: 'For tests',
    ...options,
    scopes: ['send_notification', 'view_room'],
  })
  addon.command('/late', ({ room }) => {
    // answered before it is done, so that only the add-on knows when it is
    setTimeout(() => {}, 0)
    return room.notify('said by a call').then(() => undefined)
  })
  addon.command('/name', async ({ room }) => (await room.getRoom()).name)
  addon.command('/card <id> <title>', async ({ args, room }) => {
    await room.sendCard(card.application({ id: args.id, title: args.title }), args.title)
    return undefined
  })
  addon.command('/count', async ({ store, glance }) => {
    const count = await store.update<number>('count', (before = 0) => before + 1)
    await glance.push('count', { label: `${count} times` })
    return `${count}`
  })
  for (const event of [
    'room_enter',
    'room_exit',
    'room_topic_change',
    'room_file_upload',
    'room_notification',
    'room_archived',
    'room_unarchived',
    'room_created',
    'room_deleted',
  ] as const)
    addon.webhook(event, ({ event: happened, sender }) => `${happened} by ${sender?.name}`)
  addon.glance(
    { key: 'count', name: 'Count', icon: 'https://example.com/i.png' },
    async ({ store }) => `${(await store.get('count')) ?? 0} times`,
  )
  addon.webPanel(
    { key: 'panel', name: 'Panel', parameters: { mid: 'message.mid' } },
    ({ user, parameters, theme }) => html`<p>${user?.id} ${parameters.mid} ${theme}</p>`,
  )
  addon.configurable(({ installation }) => html`<p>configures ${installation.oauthId}</p>`)
  addon.on('installed', async ({ room }) => {
    await room?.notify('Hello')
  })
  addon.onError(() => {})
  return addon
}

async function start(options?: Parameters<typeof testAddon>[1]) {
  const test = await testAddon(createSample, options)
  onTestFinished(() => test.close())
  return test
}

/** An add-on with what a test needs and nothing else. */
async function testAddonWith(register: (addon: ReturnType<typeof createPlain>) => void) {
  const test = await testAddon((options) => {
    const addon = createPlain(options)
    register(addon)
    return addon
  })
  onTestFinished(() => test.close())
  return test
}

const createPlain = (options: Partial<AddonOptions>) =>
  createAddon({
    key: 'com.example.plain',
    name: 'Plain',
    description: 'For tests',
    ...options,
    scopes: ['send_notification'],
  })

/** Each place in a value that has a member: `item.room.id`. */
const placesIn = (value: unknown, place = ''): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, member]) => [
        place + name,
        ...placesIn(member, `${place}${name}.`),
      ])
    : []

describe('a test of an add-on', () => {
  it('posts a message, and returns the replies', async () => {
    const { room } = await start()
    expect(await room.say('/name')).toMatchObject([
      { from: 'Sample', type: 'notification', message: room.name },
    ])
    expect(await room.say('/late', { from: 'bob' })).toMatchObject([{ message: 'said by a call' }])
    expect(room.messages.map(({ from, message }) => `${from}: ${message}`)).toEqual([
      'Sample: Hello',
      'Alice Archer: /name',
      'Sample: Lobby',
      'Bob Baker: /late',
      'Sample: said by a call',
    ])
    expect(room.notifications).toHaveLength(3)
  })

  it('distinguishes inline replies from calls', async () => {
    const { room } = await start()
    await room.say('/late')
    expect(room.replies).toEqual([])
    const [reply] = await room.say('/name')
    expect(room.replies).toEqual([reply])
    expect(room.notifications).toHaveLength(3)
  })

  it('shows the newest of the cards with the same id, in the order in which they were sent', async () => {
    const { room } = await start()
    for (const [id, title] of [
      ['one', 'First'],
      ['two', 'Second'],
      ['one', 'Third'],
    ])
      await room.say(`/card ${id} ${title}`)
    expect(room.cards.map(({ id, title }) => [id, title])).toEqual([
      ['two', 'Second'],
      ['one', 'Third'],
    ])
    expect(room.notifications.filter((seen) => seen.card)).toHaveLength(3)
  })

  it.each([
    ['room_enter', {}, 'room_enter by Alice Archer'],
    ['room_enter', { from: 'bob' }, 'room_enter by Bob Baker'],
    ['room_exit', {}, 'room_exit by Alice Archer'],
    ['room_topic_change', {}, 'room_topic_change by Alice Archer'],
    ['room_file_upload', { from: 'carol' }, 'room_file_upload by Carol Cook'],
    ['room_notification', {}, 'room_notification by Alice Archer'],
    ['room_message', { text: '/name' }, 'Lobby'],
    ['room_unarchived', {}, 'room_unarchived by Admin'],
  ] as const)('causes %s with %j, and returns only the replies to it', async (event, options, answer) => {
    const { room } = await start()
    expect((await room.trigger(event, options)).map(({ message }) => message)).toEqual([answer])
  })

  it.each([{}, { from: 'bob' }])('archives a room with %j, which then accepts no reply', async (options) => {
    const { room, server } = await start()
    expect(await room.trigger('room_archived', options)).toEqual([])
    expect(server.deliveries({ event: 'room_archived' })).toMatchObject([{ status: 200, replied: false }])
  })

  it('creates a room, of which an add-on for the whole group is notified', async () => {
    const { room, roomOf, server } = await start({ install: { room: null } })
    expect(await room.trigger('room_created', { text: 'Harbour' })).toEqual([])
    expect(roomOf('Harbour').messages).toMatchObject([{ message: 'room_created by Admin' }])
    await room.trigger('room_created')
    expect(server.deliveries({ event: 'room_created' })).toHaveLength(2)
  })

  it('deletes a room, which then has no messages', async () => {
    const { room, server } = await start()
    expect(await room.trigger('room_deleted')).toEqual([])
    expect(server.deliveries({ event: 'room_deleted' })).toMatchObject([{ status: 200 }])
    expect([room.messages, room.replies]).toEqual([[], []])
    expect(server.installations()).toEqual([])
  })

  it('refuses an event that would change nothing and make no delivery', async () => {
    const { room } = await start()
    await room.trigger('room_archived')
    await expect(room.trigger('room_archived')).rejects.toThrow('Lobby is archived already')
  })

  it('delivers each event with all members that HipChat sent', async () => {
    const { room, server } = await start({ install: { room: null } })
    const complete = webhookFixtures.filter(({ name }) => /\.(full|public-room|user)$/.test(name))
    const told: Partial<Record<EventName, unknown>> = {}
    for (const { event } of [...complete].sort((one) => (one.event === 'room_deleted' ? 1 : -1))) {
      await room.trigger(event, event === 'room_message' ? { text: '/name' } : {})
      const { body = '{}' } = server.deliveries({ event }).at(-1)?.request ?? {}
      told[event] = JSON.parse(body)
      if (event === 'room_archived') await room.trigger('room_unarchived')
    }
    expect(Object.keys(told)).toHaveLength(10)
    const missing = complete.flatMap(({ event, body }) =>
      placesIn(body).filter((place) => !placesIn(told[event]).includes(place)),
    )
    expect(missing).toEqual([])
  })

  it('names all events when it refuses an unknown one', async () => {
    const { room } = await start()
    await expect(room.trigger('nonsense' as 'room_enter')).rejects.toThrow(
      'trigger: nonsense is not an event; expected one of room_message,',
    )
  })

  it('reads the content of glances, and what was pushed to them', async () => {
    const { room } = await start()
    expect((await room.glance('count')).label.value).toBe('0 times')
    await room.say('/count')
    expect((await room.glance('count', { as: 'bob' })).label.value).toBe('1 times')
    expect(room.pushed('count')).toMatchObject([{ label: { value: '1 times' } }])
    await expect(room.glance('nonsense')).rejects.toThrow(
      'there is no module nonsense here; the modules are count, panel',
    )
  })

  it('opens pages as a person, with values for the address', async () => {
    const { room, installation } = await start()
    const page = await room.open('panel', { as: 'bob', theme: 'dark', values: { message: { mid: 'm1' } } })
    const bob = 3 // after the administrator and Alice
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining(`<p>${bob} m1 dark</p>`)])
    expect(await (await room.open('configurable', { as: 'Admin' })).text()).toContain(installation.oauthId)
    await expect(room.open('configurable', { as: 'bob' })).rejects.toThrow('Only administrators')
  })

  it('uninstalls, and installs in another room', async () => {
    const { addon, room, installation, uninstall, install, server, roomOf } = await start()
    await uninstall()
    expect(await addon.installation(installation.oauthId)).toBeUndefined()
    expect(await room.say('/name')).toEqual([])
    await install({ room: 'Workshop' })
    expect(await roomOf('Workshop').say('/name')).toMatchObject([{ message: 'Workshop' }])
    await install({ room: null })
    expect(await roomOf('Back office').say('/name')).toMatchObject([{ message: 'Back office' }])
    expect(server.installations()).toHaveLength(2)
  })

  it('refuses a scope', async () => {
    const { room } = await start({ install: { scopes: ['send_notification'] } })
    expect(await room.say('/name')).toEqual([])
    expect(await room.say('/count')).toMatchObject([{ message: '1' }])
  })

  it('makes a call fail on demand', async () => {
    const { room, server } = await start()
    server.fail('getRoom', { status: 404 })
    expect(await room.say('/name')).toEqual([])
    server.fail('getRoom', { status: 429, retryAfter: 0 })
    expect(await room.say('/name')).toMatchObject([{ message: 'Lobby' }])
  })

  it('moves the clock, so that tokens expire', async () => {
    const { room, clock, server, installation } = await start()
    await room.say('/name')
    const exchanges = () =>
      server.calls(installation.oauthId).filter(({ operation }) => operation === 'generateToken')
    const before = exchanges().length
    clock.advance({ hours: 2 })
    expect(await room.say('/name')).toMatchObject([{ message: 'Lobby' }])
    expect(exchanges().length).toBe(before + 1)
    expect(() => clock.advance({ hours: -1 })).toThrow('expected hours to be a number of at least 0, got -1')
    expect(() => clock.advance({ weeks: 1 } as never)).toThrow('weeks is not a known option')
  })

  it.each([
    ['wrong secret', 401],
    ['expired', 401],
    ['unsigned', 401],
    ['replayed', 204],
  ] as const)('sends a delivery that is %s, which has no effect', async (forgery, status) => {
    const { room, forge } = await start()
    const before = room.messages.length
    expect(await forge('room_enter', { forgery })).toBe(status)
    expect(room.messages).toHaveLength(before)
  })

  it.each(webhookFixtures)(
    'delivers $name, which the add-on accepts and handles',
    async ({ event, body }) => {
      const heard: unknown[] = []
      const { room, server } = await testAddonWith((addon) => {
        addon.webhook(event, ({ item, sender }) => {
          heard.push(item)
          return `from ${sender?.name}`
        })
      })
      const [answer] = await room.deliver({ event, body })
      expect(answer?.message).toMatch(/^from (Ines Brandt|Ines|Noor Haddad|Noor|Shipyard|undefined|)$/)
      expect(room.replies).toEqual([answer])
      const [delivery] = server.deliveries({ event })
      expect([delivery?.status, delivery?.error]).toEqual([200, undefined])
      const { room: itsRoom, ...others } = heard[0] as { room: { id: number | string } }
      const { room: theirs, ...same } = body.item
      expect(others).toEqual(same)
      expect(itsRoom).toEqual({ ...theirs, id: typeof theirs.id === 'string' ? `${room.id}` : room.id })
    },
  )

  it('delivers to an add-on for the whole group, and to webhooks whose pattern the message matches', async () => {
    const { room, roomOf } = await start({ install: { room: null } })
    const said = (message: string) =>
      ({ event: 'room_message', body: { item: { message: { message }, room: { id: 7 } } } }) as const
    expect(await room.deliver(said('/name'))).toMatchObject([{ message: 'Lobby' }])
    expect(await roomOf('Workshop').deliver(said('/name'))).toMatchObject([{ message: 'Workshop' }])
    expect(await room.deliver(said('hello'))).toEqual([])
  })

  it('reports that an add-on refused a delivery, or is not installed in the room', async () => {
    const { room, roomOf } = await start()
    const nowhere = { event: 'room_enter', body: { item: {} } } as const
    await expect(room.deliver(nowhere)).rejects.toThrow(
      'deliver: the add-on refused it with 400: The delivery cannot be read: item.room is missing.',
    )
    await expect(room.deliver({ event: 'room_enter', body: undefined as never })).rejects.toThrow(
      'body must be an object, not undefined',
    )
    await expect(room.deliver({ event: 'nonsense' as never, body: {} })).rejects.toThrow(
      'There is no event nonsense; there are room_message,',
    )
    await expect(roomOf('Workshop').deliver(nowhere)).rejects.toThrow(
      'deliver: nothing is installed in Workshop',
    )
  })

  it('keeps the log of the add-on, with the errors of its handlers', async () => {
    const { room, log } = await testAddonWith((addon) => {
      addon.command('/fail', () => {
        throw new RangeError('no dice')
      })
    })
    expect(await room.say('/fail')).toEqual([])
    expect(log.filter(({ level }) => level === 'error')).toMatchObject([
      { err: { type: 'RangeError', message: 'no dice', stack: expect.stringContaining('test-addon.test') } },
    ])
    expect(log).toContainEqual(
      expect.objectContaining({ level: 'info', message: 'delivery', event: 'room_message', status: 500 }),
    )
  })

  it('has several groups, whose rooms are not the same', async () => {
    const { room, addGroup } = await start()
    const other = await addGroup()
    await other.room.say('/count')
    expect((await room.glance('count')).label.value).toBe('0 times')
    expect((await other.room.glance('count')).label.value).toBe('1 times')
    expect(other.installation.groupId).toBe(2)
  })

  it('has several rooms in several groups at once, which the add-on can distinguish', async () => {
    const { addGroup, install, roomOf, server } = await start()
    const other = await addGroup({ install: { room: 'Workshop' } })
    await install({ room: 'Back office' })
    const places = [roomOf('Lobby'), roomOf('Back office'), other.room]
    await Promise.all(places.map((place) => place.say('/count')))
    await Promise.all(places.slice(1).map((place) => place.say('/count')))
    const shown = await Promise.all(places.map((place) => place.glance('count')))
    expect(shown.map(({ label }) => label.value)).toEqual(['1 times', '2 times', '2 times'])
    expect([server.installations().length, other.server.installations().length]).toEqual([2, 1])
  })

  it('has the rate limits of HipChat if the option limits is set', async () => {
    const { room } = await start({ server: { limits: { api: 3 } } })
    const answers: number[] = []
    // The greeting took one. The add-on is told how many are left, and makes no call when there are none.
    for (let count = 0; count < 3; count += 1) answers.push((await room.say('/name')).length)
    expect(answers).toEqual([1, 1, 0])
  })

  it('can be closed twice, and closes by itself with await using', async () => {
    const made: string[] = []
    {
      await using test = await testAddon(createSample)
      made.push(test.server.url)
      await test.close()
    }
    await expect(fetch(made[0] ?? '')).rejects.toThrow('fetch failed')
  })

  it('accepts an asynchronous function that creates the add-on', async () => {
    const test = await testAddon(async (options) => createSample(options))
    onTestFinished(() => test.close())
    expect(test.addon.descriptor.key).toBe('com.example.sample')
  })

  it('accepts an add-on that is already created', async () => {
    const test = await testAddon(createSample({ store: 'memory:', log: false }), { install: false })
    onTestFinished(() => test.close())
    expect(() => test.installation).toThrow('the add-on is not installed: call install() first')
  })

  it('reports what it expects', async () => {
    await expect(testAddon('nonsense' as never)).rejects.toThrow(
      'testAddon: expected an add-on, or the function that creates it; got string',
    )
    await expect(testAddon((() => {}) as never)).rejects.toThrow(
      'testAddon: expected the function to return an add-on; got undefined',
    )
  })

  it('refuses unknown options by name', async () => {
    const { room, install, forge, addGroup } = await start()
    const typed = { form: 'bob' } as object
    const refusals = [
      [() => room.say('hello', typed), 'room.say: form is not a known option; expected one of from'],
      [
        () => room.trigger('room_enter', typed),
        'room.trigger: form is not a known option; expected one of from, text, file',
      ],
      [() => room.glance('count', typed), 'room.glance: form is not a known option; expected one of as'],
      [
        () => room.open('panel', typed),
        'room.open: form is not a known option; expected one of as, values, theme',
      ],
      [
        () => room.open('panel', { theme: 'pink' as 'dark' }),
        'room.open: expected theme to be one of light, dark; got "pink"',
      ],
      [() => install(typed), 'install: form is not a known option; expected one of room, scopes'],
      [
        () => addGroup(typed),
        'the options of a group: form is not a known option; expected one of install, server',
      ],
      [() => forge('room_enter', typed), 'forge: form is not a known option; expected one of forgery, text'],
      [
        () => forge('room_enter', { forgery: 'stale' as 'expired' }),
        'forge: expected forgery to be one of wrong secret, expired, unsigned, replayed; got "stale"',
      ],
    ] as const
    for (const [use, message] of refusals)
      await expect(use()).rejects.toThrow(new ConfigurationError(message))
  })

  it('has the room of the newest installation, even when others were removed', async () => {
    const group = await start()
    await group.install({ room: 'Workshop' })
    expect(group.room.name).toBe('Workshop')
    await group.uninstall()
    expect(group.room.name).toBe('Lobby')
    expect(await group.forge('room_enter', { forgery: 'replayed' })).toBe(204)
    await group.install({ room: null })
    expect(group.room.name).toBe('Lobby')
  })

  it('closes what it has started when the installation is refused', async () => {
    const made = createSample({ store: 'memory:', log: false })
    made.on('installed', () => {
      throw new Error('not today')
    })
    await expect(testAddon(made)).rejects.toThrow('The installation failed')
    await expect(fetch(made.descriptor.links.self)).rejects.toThrow('fetch failed')
  })
})
