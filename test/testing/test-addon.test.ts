import { describe, expect, it, onTestFinished } from 'vitest'
import { type AddonOptions, createAddon, html } from '../../src/index.ts'
import { testAddon } from '../../src/testing/index.ts'

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

describe('a test of an add-on', () => {
  it('says something, and sees what the room sees in answer', async () => {
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

  it.each([
    ['room_enter', 'room_enter by Alice Archer'],
    ['room_exit', 'room_exit by Alice Archer'],
    ['room_topic_change', 'room_topic_change by Alice Archer'],
    ['room_file_upload', 'room_file_upload by Alice Archer'],
    ['room_notification', 'room_notification by Alice Archer'],
    ['room_archived', 'room_archived by Admin'],
    ['room_unarchived', 'room_unarchived by Admin'],
  ] as const)('lets %s happen', async (event, answer) => {
    const { room } = await start()
    expect((await room.trigger(event)).map(({ message }) => message)).toContain(answer)
  })

  it('names the events there are when it is asked for another', async () => {
    const { room } = await start()
    expect(() => room.trigger('nonsense' as 'room_enter')).toThrow(
      'trigger: there is no event nonsense; there are room_message,',
    )
  })

  it('sees what glances show, and what was pushed to them', async () => {
    const { room } = await start()
    expect((await room.glance('count')).label.value).toBe('0 times')
    await room.say('/count')
    expect((await room.glance('count', { as: 'bob' })).label.value).toBe('1 times')
    expect(room.pushed('count')).toMatchObject([{ label: { value: '1 times' } }])
    await expect(room.glance('nonsense')).rejects.toThrow(
      'there is no module nonsense here; there are count, panel',
    )
  })

  it('opens pages as somebody, with what the client puts into the address', async () => {
    const { room, installation } = await start()
    const page = await room.open('panel', { as: 'bob', theme: 'dark', values: { message: { mid: 'm1' } } })
    const bob = 3 // after the administrator and Alice
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining(`<p>${bob} m1 dark</p>`)])
    expect(await (await room.open('configurable', { as: 'Admin' })).text()).toContain(installation.oauthId)
    await expect(room.open('configurable', { as: 'bob' })).rejects.toThrow('Only administrators')
  })

  it('uninstalls, and installs somewhere else', async () => {
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

  it('lets a call fail on demand', async () => {
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
    expect(() => clock.advance({ hours: -1 })).toThrow('hours must be a number that is not negative, came -1')
    expect(() => clock.advance({ weeks: 1 } as never)).toThrow('weeks is no unit of time')
  })

  it.each([
    ['wrong secret', 401],
    ['expired', 401],
    ['unsigned', 401],
    ['replayed', 204],
  ] as const)('sends a delivery that is %s, which nothing comes of', async (forgery, status) => {
    const { room, forge } = await start()
    const before = room.messages.length
    expect(await forge('room_enter', { forgery })).toBe(status)
    expect(room.messages).toHaveLength(before)
  })

  it('has several groups, whose rooms are not the same', async () => {
    const { room, addGroup } = await start()
    const other = await addGroup()
    await other.room.say('/count')
    expect((await room.glance('count')).label.value).toBe('0 times')
    expect((await other.room.glance('count')).label.value).toBe('1 times')
    expect(other.installation.groupId).toBe(2)
  })

  it('takes an add-on that is made already', async () => {
    const test = await testAddon(createSample({ store: 'memory:', log: false }), { install: false })
    onTestFinished(() => test.close())
    expect(() => test.installation).toThrow('the add-on is not installed: call install() first')
  })

  it('says what it expects', async () => {
    await expect(testAddon('nonsense' as never)).rejects.toThrow(
      'testAddon: expected an add-on, or the function that makes it; came string',
    )
  })

  it('ends what it began when the installation is refused', async () => {
    const made = createSample({ store: 'memory:', log: false })
    made.on('installed', () => {
      throw new Error('not today')
    })
    await expect(testAddon(made)).rejects.toThrow('The installation failed')
    await expect(fetch(made.descriptor.links.self)).rejects.toThrow('fetch failed')
  })
})
