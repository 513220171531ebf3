import { describe, expect, it } from 'vitest'
import type { Glances } from '../../src/index.ts'
import { startWorld } from '../support.ts'

const icon = 'https://example.com/icon.png'

/** An add-on with two glances, installed, and a way to push from within a handler. */
async function pushing(room: string) {
  let glance: Glances | undefined
  const world = await startWorld((addon) => {
    addon.glance({ key: 'tea', name: 'Tea', icon }, () => 'x')
    addon.glance({ key: 'cake', name: 'Cake', icon })
    addon.webhook('room_message', (context) => {
      glance = context.glance
    })
  })
  const { installation } = await world.install(room)
  return {
    ...world,
    installation,
    /** What handlers of an event in a room push with. */
    async glanceIn(name: string): Promise<Glances> {
      await world.say('hello', name)
      if (!glance) throw new Error('no handler ran')
      return glance
    },
    /** Where which glance was pushed with which label. */
    pushed: () =>
      world.server
        .glanceUpdates()
        .map(({ key, roomId, userId, content }) => [key, content.label.value, roomId, userId]),
  }
}

describe('pushing from a handler', () => {
  it('reaches the room of the event', async () => {
    const { glanceIn, pushed } = await pushing('everywhere')
    await (await glanceIn('Workshop')).push('tea', 'hot & sweet')
    expect(pushed()).toEqual([['tea', 'hot &amp; sweet', 2, undefined]])
  })

  it('reaches another room, everybody, one user, or one user in a room, if that is said', async () => {
    const { glanceIn, pushed } = await pushing('everywhere')
    const glance = await glanceIn('Lobby')
    await glance.push('tea', 'a', { room: 2 })
    await glance.push('tea', 'b', { room: 'all' })
    await glance.push('tea', 'c', { user: 3 })
    await glance.push('tea', 'd', { user: 3, room: 'all' })
    expect(pushed()).toEqual([
      ['tea', 'a', 2, undefined],
      ['tea', 'b', undefined, undefined],
      ['tea', 'c', 1, 3],
      ['tea', 'd', undefined, 3],
    ])
  })

  it('takes several glances at once', async () => {
    const { glanceIn, pushed, addon, installation } = await pushing('Lobby')
    await (await glanceIn('Lobby')).push({ tea: 'a', cake: { label: 'b' } })
    await addon.pushGlance(installation, { tea: 'c', cake: 'd' }, { user: 2 })
    expect(pushed().map(([key, label]) => `${key} ${label}`)).toEqual(['tea a', 'cake b', 'tea c', 'cake d'])
    await (await glanceIn('Lobby')).push({})
    expect(pushed()).toHaveLength(4)
  })
})

describe('pushing from outside of a handler', () => {
  it('reaches the room of a room installation, and of a global one all rooms', async () => {
    const bound = await pushing('Lobby')
    await bound.addon.pushGlance(bound.installation, 'tea', 'a')
    expect(bound.pushed()).toEqual([['tea', 'a', 1, undefined]])
    const all = await pushing('everywhere')
    await all.addon.pushGlance(all.installation, 'tea', 'a')
    await all.addon.pushGlance(all.installation, 'tea', 'b', { room: 2 })
    expect(all.pushed()).toEqual([
      ['tea', 'a', undefined, undefined],
      ['tea', 'b', 2, undefined],
    ])
  })

  it('to all rooms from a room installation is refused with the reason, and so is another room', async () => {
    const { addon, installation, pushed } = await pushing('Lobby')
    await expect(addon.pushGlance(installation, 'tea', 'a', { room: 'all' })).rejects.toMatchObject({
      code: 'ERR_ROOM_INSTALLATION',
      message: expect.stringMatching(
        /^glance\.push: installation \S+ is of room 1, and may push to that room only; to push to all rooms, install/,
      ),
    })
    await expect(addon.pushGlance(installation, 'tea', 'a', { room: 2 })).rejects.toMatchObject({
      code: 'ERR_ROOM_INSTALLATION',
    })
    expect(pushed()).toEqual([])
  })
})

describe('a push that is refused before anything is sent', () => {
  it.each<[string, unknown[], string]>([
    [
      'of an unknown glance',
      ['coffee', 'x'],
      'glance.push: there is no glance "coffee"; there are tea, cake',
    ],
    [
      'of no content',
      ['tea'],
      'glance tea: expected a text, html`…` or an object with a label, got undefined',
    ],
    [
      'of content that clients refuse',
      [{ tea: 'fine', cake: { label: 'x', status: { lozenge: 'red', label: 'x' } } }],
      'glance cake: status.value.type must be one of default, success, error, current, new, moved; nothing was sent',
    ],
    [
      'to a room by its name',
      ['tea', 'x', { room: 'Lobby' }],
      'glance.push: expected room to be a room\'s id or all, got "Lobby"',
    ],
    [
      'to a misspelt audience',
      ['tea', 'x', { rom: 1 }],
      'glance.push: rom is not a known option; expected one of room, user',
    ],
    ['of a number', [5], 'glance.push: expected the key of a glance, or an object of several; got number'],
  ])('%s', async (_, all, message) => {
    const { addon, installation, pushed } = await pushing('Lobby')
    const push = addon.pushGlance as (...all: unknown[]) => Promise<void>
    await expect(push(installation, ...all)).rejects.toMatchObject({ code: 'ERR_CONFIGURATION', message })
    expect(pushed()).toEqual([])
  })

  it('as something that is no installation', async () => {
    const { addon } = await pushing('Lobby')
    const push = addon.pushGlance as (...all: unknown[]) => Promise<void>
    await expect(push('a1b2', 'tea', 'x')).rejects.toThrow(/^pushGlance: expected an installation/)
  })
})
