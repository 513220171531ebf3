import { describe, expect, it } from 'vitest'
import { create, queued, start } from './started.ts'

describe('a webhook with retry', () => {
  it('handles a failed delivery again, and sends the message as a notification', async () => {
    const attempts: unknown[] = []
    const failures: unknown[] = []
    const { addon, room, clock, idle, log } = await start((tested) => {
      tested.onError((error) => failures.push(error))
      tested.command('/flaky', { retry: { attempts: 3, backoff: 60_000 } }, ({ attempt, deliveryId, step }) =>
        step(`attempt ${attempt}`, () => {
          attempts.push([attempt, deliveryId])
          if (attempt < 3) throw new Error(`not yet ${attempt}`)
          return 'At last.'
        }),
      )
    })
    expect(await room.say('/flaky')).toEqual([])
    const [first] = await queued(addon)
    expect(first).toMatchObject({
      kind: 'delivery',
      name: 'command.flaky',
      state: 'waiting',
      attempt: 1,
      error: 'not yet 1',
    })
    clock.advance({ seconds: 61 })
    await idle()
    expect(await queued(addon)).toMatchObject([{ attempt: 2, error: 'not yet 2' }])
    clock.advance({ seconds: 121 })
    await idle()
    const id = expect.stringMatching(/./)
    expect(attempts).toEqual([
      [1, id],
      [2, id],
      [3, id],
    ])
    expect(new Set((attempts as [number, string][]).map(([, deliveryId]) => deliveryId)).size).toBe(1)
    expect(room.messages.at(-1)?.message).toBe('At last.')
    expect(await queued(addon)).toEqual([])
    expect(failures).toEqual([])
    expect(log.filter(({ message }) => message.startsWith('the handler failed, and runs again')).length).toBe(
      1,
    )
  })

  it('gives it up after the last attempt, and keeps it', async () => {
    const failures: unknown[] = []
    const { addon, room, clock, idle } = await start((tested) => {
      tested.onError((error, context) => failures.push([String(error), 'event' in context && context.event]))
      tested.webhook('room_message', { retry: { attempts: 2, backoff: 1_000 } }, ({ attempt }) => {
        throw new Error(`broken ${attempt}`)
      })
    })
    await room.say('hello')
    expect(failures).toEqual([])
    clock.advance({ seconds: 2 })
    await idle()
    expect(failures).toEqual([['Error: broken 2', 'room_message']])
    expect(await queued(addon)).toMatchObject([{ kind: 'delivery', state: 'given up', attempt: 2 }])
  })

  it('keeps one that has a single attempt when that fails', async () => {
    const failures: unknown[] = []
    const { addon, room } = await start((tested) => {
      tested.onError((error) => failures.push(String(error)))
      tested.webhook('room_message', { retry: { attempts: 1 } }, () => {
        throw new Error('broken')
      })
    })
    await room.say('hello')
    expect(failures).toEqual(['Error: broken'])
    expect(await queued(addon)).toMatchObject([{ kind: 'delivery', state: 'given up', attempt: 1 }])
  })

  it('fails as without retry when the installation has as many works as it may', async () => {
    const failures: unknown[] = []
    const { room, installation, log } = await start(
      (tested) => {
        tested.onError((error) => failures.push(String(error)))
        const job = tested.job('job', () => {})
        tested.command('/fill', async (context) => {
          await job.add(context, undefined, { delay: 60_000 })
        })
        tested.command('/fail', { retry: { attempts: 2 } }, () => {
          throw new Error('broken')
        })
      },
      { maxQueued: 1 },
    )
    await room.say('/fill')
    await room.say('/fail')
    expect(failures).toEqual(['Error: broken'])
    expect(log.at(-2)?.message ?? '').toBe('a delivery is not kept: its installation has 1 jobs already')
    expect(installation.oauthId).toBeTruthy()
  })

  it('is registered with valid attempts', () => {
    const addon = create({ store: 'memory:' })
    const register = (retry: unknown) => addon.command('/x', { retry } as never, () => {})
    expect(() => register({ attempts: 101 })).toThrow(
      'command /x: expected retry.attempts to be a whole number from 1 to 100, got 101',
    )
    expect(() => register({ backoff: 5 })).toThrow('command /x: the option retry.attempts is missing')
    expect(() => register(3)).toThrow(
      'command /x: expected retry to be an object with the options attempts, backoff',
    )
  })
})
