import { describe, expect, it } from 'vitest'
import type { AddJobOptions } from '../../../src/addon/jobs/job.ts'
import { ConfigurationError, RateLimitError } from '../../../src/index.ts'
import { create, queued, start } from './started.ts'

describe('a job', () => {
  it('runs with its data, room, id and first attempt, and sends the message that it returns', async () => {
    const seen: unknown[] = []
    const { registered, room, installation, idle } = await start((addon) =>
      addon.job<{ text: string }>('remind', ({ data, job, jobId, room: its, attempt, signal }) => {
        seen.push({ data, job, jobId, room: its?.id, attempt, aborted: signal.aborted })
        return `Reminder: ${data.text}`
      }),
    )
    expect(await registered.add(installation, { text: 'tea' }, { id: 'tea' })).toEqual({
      id: 'tea',
      added: true,
    })
    await idle()
    expect(seen).toEqual([
      { data: { text: 'tea' }, job: 'remind', jobId: 'tea', room: room.id, attempt: 1, aborted: false },
    ])
    expect(room.messages.map(({ message }) => message)).toEqual(['Reminder: tea'])
  })

  it('is added by handlers, and runs when its time has come, by a delay or a date', async () => {
    const ran: string[] = []
    const { addon, room, clock, idle } = await start((addon) => {
      const remind = addon.job<string>('remind', ({ data }) => void ran.push(data))
      addon.command('/remind', async (context) => {
        await remind.add(context, 'delay', { delay: 600_000 })
        await remind.add(context, 'at', { at: new Date(Date.now() + 300_000) })
      })
    })
    await room.say('/remind', { from: 'alice' })
    await idle()
    expect(ran).toEqual([])
    expect((await queued(addon)).map(({ data, state }) => ({ data, state }))).toEqual([
      { data: 'at', state: 'waiting' },
      { data: 'delay', state: 'waiting' },
    ])
    clock.advance({ minutes: 6 })
    await idle()
    expect(ran).toEqual(['at'])
    clock.advance({ minutes: 5 })
    await idle()
    expect(ran).toEqual(['at', 'delay'])
    expect(await queued(addon)).toEqual([])
  })

  it('is one of its kind with an id, until it has run; can be replaced and cancelled', async () => {
    const ran: string[] = []
    const {
      registered: job,
      installation,
      clock,
      idle,
    } = await start((addon) => addon.job<string>('job', ({ data }) => void ran.push(data)))
    const add = (data: string, options: AddJobOptions) =>
      job.add(installation, data, { id: 'x', delay: 1000, ...options })
    expect((await add('first', {})).added).toBe(true)
    expect((await add('second', {})).added).toBe(false)
    expect((await add('third', { replace: true })).added).toBe(true)
    expect((await add('other', { id: 'y' })).added).toBe(true)
    expect(await job.cancel(installation, 'y')).toBe(true)
    expect(await job.cancel(installation, 'y')).toBe(false)
    clock.advance({ seconds: 2 })
    await idle()
    expect(ran).toEqual(['third'])
    expect((await add('again', { delay: 0 })).added).toBe(true)
    await idle()
    expect(ran).toEqual(['third', 'again'])
  })

  it('runs again after it failed, with longer waits, and is given up after its last attempt', async () => {
    const attempts: number[] = []
    const failures: unknown[] = []
    const {
      addon,
      registered: job,
      installation,
      clock,
      idle,
      log,
    } = await start((tested) => {
      tested.onError((error, context) => failures.push([String(error), 'job' in context && context.job]))
      return tested.job('break', { retry: { attempts: 3, backoff: 60_000 } }, ({ attempt }) => {
        attempts.push(attempt)
        throw new Error(`broken ${attempt}`)
      })
    })
    await job.add(installation)
    await idle()
    clock.advance({ seconds: 59 })
    await idle()
    expect(attempts).toEqual([1])
    expect(await queued(addon)).toMatchObject([{ state: 'waiting', attempt: 1, error: 'broken 1' }])
    clock.advance({ seconds: 2 })
    await idle()
    clock.advance({ seconds: 119 })
    await idle()
    expect(attempts).toEqual([1, 2])
    clock.advance({ seconds: 2 })
    await idle()
    expect(attempts).toEqual([1, 2, 3])
    expect(failures).toEqual([['Error: broken 3', 'break']])
    expect(await queued(addon)).toMatchObject([{ state: 'given up', attempt: 3, error: 'broken 3' }])
    expect(log.map(({ message }) => message)).toContain('given up')
    clock.advance({ days: 8 })
    await idle()
    expect(await queued(addon)).toEqual([])
  })

  it('can be run again after it was given up, and be cancelled, by its id in the queue', async () => {
    let fails = true
    const attempts: number[] = []
    const {
      addon,
      registered: job,
      installation,
      idle,
    } = await start((tested) =>
      tested.job('job', { retry: { attempts: 1 } }, ({ attempt }) => {
        attempts.push(attempt)
        if (fails) throw new Error('broken')
      }),
    )
    await job.add(installation)
    await idle()
    const [givenUp] = await queued(addon)
    fails = false
    expect(await addon.runJob(givenUp?.id ?? '')).toBe(true)
    await idle()
    expect(attempts).toEqual([1, 1])
    expect(await addon.runJob(givenUp?.id ?? '')).toBe(false)
    await job.add(installation, undefined, { delay: 60_000 })
    const [waiting] = await queued(addon)
    expect(await addon.cancelJob(waiting?.id ?? '')).toBe(true)
    expect(await addon.cancelJob(waiting?.id ?? '')).toBe(false)
    expect(await queued(addon)).toEqual([])
  })

  it('is given up at once if another attempt would fail in the same way', async () => {
    const {
      addon,
      registered: job,
      installation,
      idle,
    } = await start((tested) =>
      tested.job('global', () => {
        throw new ConfigurationError('wrong')
      }),
    )
    await job.add(installation)
    await idle()
    expect(await queued(addon)).toMatchObject([{ state: 'given up', attempt: 1, error: 'wrong' }])
  })

  it('is postponed by a rate limit, without counting an attempt', async () => {
    const attempts: number[] = []
    const {
      addon,
      registered: job,
      installation,
      clock,
      idle,
    } = await start((tested) =>
      tested.job('busy', { retry: { attempts: 1 } }, ({ attempt }) => {
        attempts.push(attempt)
        if (attempts.length < 3)
          throw new RateLimitError('sendRoomNotification', 'api', new Date(Date.now() + 300_000))
      }),
    )
    await job.add(installation)
    await idle()
    expect(await queued(addon)).toMatchObject([{ state: 'waiting', attempt: 0 }])
    for (const minutes of [6, 6]) {
      clock.advance({ minutes })
      await idle()
    }
    expect(attempts).toEqual([1, 1, 1])
    expect(await queued(addon)).toEqual([])
  })

  it('does a step once, however often it runs, and again for another job with the same id', async () => {
    const done: string[] = []
    const {
      registered: job,
      installation,
      clock,
      idle,
    } = await start((addon) =>
      addon.job('steps', { retry: { attempts: 2, backoff: 0 } }, async ({ step, attempt }) => {
        const made = await step('make', () => done.push('made'))
        if (attempt === 1) throw new Error('later')
        done.push(`used ${made}`)
      }),
    )
    for (const _ of [1, 2]) {
      await job.add(installation, undefined, { id: 'same' })
      await idle()
      clock.advance({ seconds: 1 })
      await idle()
    }
    expect(done).toEqual(['made', 'used 1', 'made', 'used 3'])
  })

  it('is aborted at its time limit', async () => {
    let reason: unknown
    const {
      addon,
      registered: job,
      installation,
      idle,
    } = await start((tested) =>
      tested.job('slow', { timeout: 20, retry: { attempts: 1 } }, async ({ signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        reason = signal.reason
      }),
    )
    await job.add(installation)
    await idle()
    expect(String(reason)).toMatch('the handler of slow took longer than timeout, 20 ms')
    expect(await queued(addon)).toMatchObject([{ state: 'given up' }])
  })

  it('is removed with its installation, also while it is running', async () => {
    let release = () => {}
    const {
      addon,
      registered: job,
      installation,
      idle,
      uninstall,
    } = await start((tested) =>
      tested.job('job', { retry: { attempts: 9, backoff: 0 } }, async () => {
        await new Promise<void>((resolve) => {
          release = resolve
        })
        throw new Error('after the removal')
      }),
    )
    await job.add(installation)
    await job.add(installation, undefined, { delay: 9_000 })
    const ended = idle()
    await expect.poll(() => queued(addon).then((all) => all[0]?.state)).toBe('running')
    const uninstalled = uninstall() // resolves when the job has ended
    await expect.poll(() => queued(addon)).toEqual([])
    release()
    await Promise.all([uninstalled, ended])
    expect(await queued(addon)).toEqual([])
    await expect(job.add(installation)).rejects.toThrow(/job job: add: installation \S+ was removed/)
    expect(await queued(addon)).toEqual([])
  })

  it('is refused when its installation has as many as maxQueued', async () => {
    const { registered: job, installation } = await start((addon) => addon.job('job', () => {}), {
      maxQueued: 2,
    })
    const add = () => job.add(installation, undefined, { delay: 60_000 })
    await add()
    await add()
    await expect(add()).rejects.toThrow(
      /job job: add: installation \S+ has 2 jobs in memory: already, as many as maxQueued allows/,
    )
  })

  it.each<[string, unknown, AddJobOptions | unknown, RegExp]>([
    [
      'a date as data',
      { when: new Date(0) },
      {},
      /expected data to be JSON, but data.when is an instance of Date/,
    ],
    ['a function as data', { a: [1, () => 2] }, {}, /expected data to be JSON, but data.a.1 is function/],
    ['NaN as data', Number.NaN, {}, /expected data to be JSON, but data is NaN/],
    ['too much data', 'x'.repeat(70_000), {}, /expected data of at most 65536 bytes, got 70002/],
    ['a negative delay', 1, { delay: -1 }, /expected delay to be a whole number from 0/],
    ['delay and at', 1, { delay: 1, at: new Date() }, /expected delay or at, got both/],
    ['a string as date', 1, { at: '2030-01-01' }, /expected at to be a valid Date/],
    ['an invalid date', 1, { at: new Date('x') }, /expected at to be a valid Date/],
    [
      'a date in a century',
      1,
      { at: new Date('2130-01-01') },
      /expected at to be at most ten years ahead, got 2130/,
    ],
    ['an empty id', 1, { id: '' }, /expected id to be a string of 1 to 100/],
    ['an unknown option', 1, { dealy: 1 }, /dealy is not a known option/],
  ])('is refused with %s', async (_, data, options, message) => {
    const { registered: job, installation } = await start((addon) => addon.job<unknown>('job', () => {}))
    const added = job.add(installation, data, options as AddJobOptions)
    await expect(added).rejects.toThrow(message)
    await expect(added).rejects.toThrow(ConfigurationError)
  })

  it('is refused for something that is not an installation', async () => {
    const { registered: job } = await start((addon) => addon.job('job', () => {}))
    await expect(job.add({} as never)).rejects.toThrow(
      /expected the context of a handler, or an installation/,
    )
    await expect(job.cancel(undefined as never, 'x')).rejects.toThrow(/job job: cancel: expected the context/)
  })

  it('is registered with a name, options and a handler', () => {
    const addon = create({ store: 'memory:' })
    addon.job('job', () => {})
    expect(() => addon.job('job', () => {})).toThrow('two jobs are called job')
    expect(() => addon.job('a b', () => {})).toThrow('job: expected a name of 1 to 40 letters')
    expect(() => addon.job('x', undefined as never)).toThrow('job x: expected a handler, got undefined')
    expect(() => addon.job('x', { retry: { attempts: 0 } }, () => {})).toThrow(
      'job x: expected retry.attempts to be a whole number from 1 to 100, got 0',
    )
    expect(() => addon.job('x', { delay: 1 } as never, () => {})).toThrow('delay is not a known option')
  })

  it('needs a store with queues', () => {
    const addon = create({ store: new Map() as never })
    expect(() => addon.job('x', () => {})).toThrow(/job x: the store \S+ has no queues/)
    expect(() => addon.webhook('room_message', { retry: { attempts: 2 } }, () => {})).toThrow(
      /webhook room_message: retry: the store \S+ has no queues/,
    )
  })
})
