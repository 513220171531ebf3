import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestOptions, testAddon } from 'hipchat-addon/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createStandup } from '../../examples/standup/addon.ts'
import { sessionIn } from '../addon/settings/support.ts'

async function start(options?: TestOptions, create: typeof createStandup = createStandup) {
  const test = await testAddon((given) => create(given), options)
  onTestFinished(() => test.close())
  const { room, clock, idle, jobs } = test

  /** Moves the clock, and runs what has become due. */
  async function pass(by: Parameters<typeof clock.advance>[0]) {
    clock.advance(by)
    await idle()
  }

  return {
    ...test,
    room,
    pass,
    /** Moves the clock to the next stand-up. */
    async ask() {
      const next = (await jobs()).find(({ kind }) => kind === 'schedule')
      await pass({ milliseconds: Number(next?.due) - Date.now() })
    },
    said: () => room.messages.filter(({ from }) => from === 'Stand-up').map(({ message }) => message),
    /** Saves the settings. An unticked box is not sent. */
    async save(form: Record<string, string>) {
      const page = await room.open('configurable', { as: 'admin' })
      const body = new URLSearchParams({ session: sessionIn(await page.text()), ...form })
      const saved = await fetch(new URL('configure', page.url), { method: 'POST', body })
      expect(await saved.text()).toContain('Saved.')
    },
  }
}

const question = expect.stringMatching(/^What are you working on\?/)
const settings = {
  on: 'on',
  days: 'MON-FRI',
  hour: '9',
  minute: '0',
  zone: 'UTC',
  reminder: '15',
  summary: '60',
}

describe('a stand-up', () => {
  it('asks, takes answers, reminds those who have not answered, and sums up', async () => {
    const { room, ask, pass, said, jobs } = await start()
    await ask()
    expect(said()).toEqual([question])
    expect(await room.say('/standup fixed the login')).toMatchObject([{ message: 'Thank you. 1 to go.' }])
    expect(await room.say('/standup fixed both logins')).toMatchObject([{ message: 'Thank you. 1 to go.' }])

    await pass({ minutes: 16 })
    expect(said().at(-1)).toBe('@bob What are you working on? Answer with /standup')
    await pass({ minutes: 45 })
    expect(room.cards).toMatchObject([
      {
        title: expect.stringMatching(/^Stand-up of \d{4}-\d\d-\d\d$/),
        attributes: [
          { label: 'Alice Archer', value: { label: 'fixed both logins' } },
          { label: 'No answer', value: { label: 'Bob Baker' } },
        ],
      },
    ])
    expect(room.messages.at(-1)).toMatchObject({
      message: 'Stand-up\nAlice Archer: fixed both logins\nBob Baker: no answer',
      color: 'yellow',
    })
    expect(await room.say('/standup too late', { from: 'bob' })).toMatchObject([
      { message: 'There is no stand-up at the moment.' },
    ])
    expect((await jobs()).map(({ name }) => name)).toEqual(['ask']) // the next one
  })

  it('reminds nobody when everybody has answered', async () => {
    const { room, ask, pass } = await start()
    await ask()
    await room.say('/standup the search')
    expect(await room.say('/standup the cache', { from: 'bob' })).toMatchObject([
      { message: 'Thank you. That was everybody.' },
    ])
    const before = room.messages.length
    await pass({ minutes: 16 })
    expect(room.messages).toHaveLength(before)
    await pass({ minutes: 45 })
    expect(room.messages.at(-1)?.color).toBe('green')
  })

  it('asks the members of a private room, also those who are not there', async () => {
    const { ask, pass, said } = await start({ install: { room: 'Back office' } })
    await ask()
    await pass({ minutes: 16 })
    expect(said().at(-1)).toMatch(/^(@alice @bob|@bob @alice) What are you working on\?/)
  })

  it('explains itself', async () => {
    const { room, ask } = await start()
    expect(await room.say('/standup')).toMatchObject([{ message: expect.stringMatching(/^Write what you/) }])
    expect(await room.say('/standup x')).toMatchObject([{ message: 'There is no stand-up at the moment.' }])
    await ask()
    expect(await room.say(`/standup ${'x'.repeat(301)}`)).toMatchObject([
      { message: 'Please write at most 300 characters.' },
    ])
  })

  it('asks at the time of the settings, and not at all when they say so', async () => {
    const { save, jobs } = await start()
    await save({ ...settings, days: '*', hour: '10', minute: '30', zone: 'Asia/Tokyo' })
    expect((await jobs()).map(({ due }) => due.toISOString().slice(11, 16))).toEqual(['01:30'])
    const { on: _, ...off } = settings
    await save(off)
    expect(await jobs()).toEqual([])
  })

  it('is left out when the add-on was not running at its time', async () => {
    const { ask, pass, said, save } = await start()
    await ask()
    await save({ ...settings, days: '*' })
    const before = said().length
    await pass({ days: 3, hours: 5 })
    const since = said().slice(before)
    expect(since).toContainEqual(expect.stringMatching(/^Stand-up\n/)) // the summary of the first day
    expect(since).not.toContainEqual(question)
  })
})

describe('a stand-up whose add-on', () => {
  it('is restarted goes on, with each message once', async () => {
    const store = mkdtempSync(join(tmpdir(), 'hipchat-addon-standup-'))
    onTestFinished(() => rmSync(store, { recursive: true, force: true }))
    const create = () => createStandup({ store, log: false })
    const { addon, room, ask, clock, said } = await start({}, create)

    /** Another process on the same store. */
    async function restart(by: { minutes: number }) {
      clock.advance(by)
      const next = create()
      await next.listen(0)
      await next.idle()
      await next.close()
    }

    await ask()
    await room.say('/standup fixed the login')
    await addon.close()
    const before = said().length
    await restart({ minutes: 16 })
    await restart({ minutes: 1 })
    expect(said().slice(before)).toEqual(['@bob What are you working on? Answer with /standup'])
    await restart({ minutes: 45 })
    await restart({ minutes: 1 })
    expect(said().slice(before + 1)).toEqual([
      expect.stringMatching(/^Stand-up\nAlice Archer: fixed the login\n/),
    ])
  })

  it.each(['getRoom', 'getAllRoomParticipants', 'sendRoomNotification'] as const)(
    'cannot call %s asks once, when it can',
    async (operation) => {
      const { server, ask, pass, said, jobs } = await start({ failedJobs: 'allow' })
      server.fail(operation, { status: 403 })
      await ask()
      expect(said()).toEqual([])
      await pass({ seconds: 6 })
      expect(said()).toEqual([question])
      expect((await jobs()).map(({ name }) => name)).toEqual(['remind', 'summarize', 'ask'])
    },
  )

  it('cannot post the summary posts it later, with the answers, and takes no more', async () => {
    const { server, room, ask, pass } = await start({ failedJobs: 'allow' })
    await ask()
    await room.say('/standup fixed the login')
    await pass({ minutes: 16 })
    server.fail('sendRoomNotification', { status: 403 })
    await pass({ minutes: 45 })
    expect(room.cards).toEqual([])
    expect(await room.say('/standup more', { from: 'bob' })).toMatchObject([
      { message: 'There is no stand-up at the moment.' },
    ])
    await pass({ seconds: 6 })
    expect(room.cards).toHaveLength(1)
    expect(room.messages.at(-1)?.message).toContain('Alice Archer: fixed the login')
  })
})
