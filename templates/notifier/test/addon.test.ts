import { randomBytes } from 'node:crypto'
import { type AddonTest, testAddon } from 'hipchat-addon/testing'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createNotifier } from '../src/addon.ts'

const secret = randomBytes(16).toString('hex')
const report = { id: 'build-7', title: 'Build 7', state: 'running', url: 'https://ci.example.com/7' }

let test: AddonTest<ReturnType<typeof createNotifier>>

beforeEach(async () => {
  test = await testAddon((options) => createNotifier({ ...options, secret }))
  onTestFinished(() => test.close())
})

/** Sends a report, as a build server does. */
async function send(body: unknown, authorization = `Bearer ${secret}`) {
  const answer = await fetch(new URL('/reports', test.addon.descriptor.links.self), {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  await test.idle()
  return { status: answer.status, text: await answer.text() }
}

describe('a report', () => {
  it('is shown as a card in every room that the add-on is installed in', async () => {
    await test.install({ room: 'Workshop' })
    expect(await send(report)).toEqual({ status: 200, text: '{"rooms":2,"failed":0}' })
    for (const name of ['Lobby', 'Workshop']) {
      const [card] = test.roomOf(name).cards
      expect(card).toMatchObject({ title: 'Build 7', url: 'https://ci.example.com/7' })
      expect(test.roomOf(name).notifications.at(-1)).toMatchObject({
        message: 'Build 7: running https://ci.example.com/7',
        color: 'gray',
      })
    }
    expect(test.roomOf('Back office').messages).toEqual([])
  })

  it('changes the card of an earlier one with the same id', async () => {
    await send(report)
    await send({ ...report, state: 'passed' })
    expect(test.room.cards).toHaveLength(1)
    expect(test.room.cards[0]?.attributes).toMatchObject([
      { value: { label: 'passed', style: 'lozenge-success' } },
    ])
  })

  it('reaches the other rooms when one room fails', async () => {
    await test.install({ room: 'Workshop' })
    test.server.fail('sendRoomNotification', { status: 403, message: 'Not in this room' })
    expect(await send(report)).toEqual({ status: 200, text: '{"rooms":1,"failed":1}' })
    const shown = ['Lobby', 'Workshop'].flatMap((name) => test.roomOf(name).cards)
    expect(shown).toMatchObject([{ title: 'Build 7' }])
  })

  it.each([
    ['no secret', ''],
    ['another secret', 'Bearer something-else-entirely'],
    ['the secret in another scheme', `Basic ${secret}`],
  ])('with %s is refused', async (_, authorization) => {
    const before = test.room.messages.length
    expect((await send(report, authorization)).status).toBe(401)
    expect(test.room.messages).toHaveLength(before)
  })

  it.each([
    ['not JSON', 'expected an object, got nothing'],
    [{ ...report, id: '' }, 'id: expected a string of 1 to 100 characters, got ""'],
    [{ ...report, title: 7 }, 'title: expected a string of 1 to 200 characters, got 7'],
    [{ ...report, state: 'odd' }, 'state: expected one of running, passed, failed, got "odd"'],
    [{ ...report, url: 'ftp://x' }, 'url: expected an http or https URL, got "ftp://x"'],
  ])('%j is refused with its fault', async (body, fault) => {
    expect(await send(body)).toEqual({ status: 400, text: fault })
  })
})

it('createNotifier refuses a secret that is too short', () => {
  expect(() => createNotifier({ secret: 'short', store: 'memory:', log: false })).toThrow(
    'REPORT_SECRET: expected 16 characters or more, got 5',
  )
})
