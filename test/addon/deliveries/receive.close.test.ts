import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createMemoryStore } from '../../../src/store/index.ts'
import { gate } from '../../gate.ts'
import { delivered, sign, startWorld } from '../../support.ts'
import { installHandler } from './receive.support.ts'

describe('close()', () => {
  it('waits for the late answer of a handler that was acknowledged', async () => {
    const { opened, open } = gate()
    const { deliver, messages, addon } = await installHandler(() => opened.then(() => 'late'), {
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
    const { deliver, addon } = await installHandler(() => Promise.reject(new Error('x')))
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
    const memory = createMemoryStore()
    let claimed = 0
    const store = {
      ...memory,
      claim(key: string, ttl: number) {
        if (key.includes('jti:')) claimed += 1
        return memory.claim(key, ttl)
      },
    }
    const { deliver, addon } = await installHandler(
      async (context) => {
        started.push(context.message.message)
        await opened
        late.push(context.signal.aborted)
      },
      { closeTimeout: 10, store },
    )
    const first = deliver('first')
    await expect.poll(() => started).toEqual(['first'])
    const second = deliver('second')
    await expect.poll(() => claimed).toBe(2) // then it waits
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
      (addon) => {
        addon.webhook(
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
    const { deliver, addon } = await installHandler(() => {
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
    const { deliver, addon } = await installHandler(
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
