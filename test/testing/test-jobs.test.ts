import { describe, expect, it, onTestFinished } from 'vitest'
import { type AddonOptions, createAddon, type Job, type RetryOptions } from '../../src/index.ts'
import { type TestOptions, testAddon } from '../../src/testing/index.ts'

/** An add-on with a job, a schedule and a command that fail if they are told to. */
function createWorker(options: Partial<AddonOptions>) {
  const addon = createAddon({
    key: 'com.example.worker',
    name: 'Worker',
    description: 'For tests',
    ...options,
    scopes: ['send_notification'],
  })
  const retry: RetryOptions = { attempts: 2, backoff: 60_000 }
  const fail = (what: string) => {
    throw new Error(what)
  }
  const job: Job<'fine' | 'broken'> = addon.job('job', { retry }, ({ data }) =>
    data === 'broken' ? fail('the printer burns') : undefined,
  )
  addon.command('/add <data> [seconds]', async (context) => {
    const { data, seconds = '0' } = context.args
    await job.add(context, data as 'fine' | 'broken', { delay: Number(seconds) * 1_000 }) // tests send these words
    return 'Added.'
  })
  addon.command('/flaky', { retry }, () => fail('not now'))
  return addon
}

async function start(options?: TestOptions) {
  const test = await testAddon(createWorker, options)
  onTestFinished(() => test.close())
  return test
}

const failed = (what: string) =>
  new RegExp(`^${what}\nFix its handler; .* pass failedJobs: 'allow' to testAddon`)

describe('a test of jobs', () => {
  it('sees what waits, runs it when the clock has moved, and then sees nothing', async () => {
    const { room, jobs, clock, idle } = await start()
    expect(await jobs()).toEqual([])
    await room.say('/add fine 90')
    expect(await jobs()).toMatchObject([
      { kind: 'job', name: 'job', state: 'waiting', data: 'fine', attempt: 0 },
    ])
    clock.advance({ seconds: 60 })
    await idle()
    expect(await jobs()).toHaveLength(1)
    clock.advance({ seconds: 31 })
    await idle()
    expect(await jobs()).toEqual([])
  })

  it('fails when a job fails, with its name, attempt, error and remedy, once for each attempt', async () => {
    const { room, installation, clock, idle, close } = await start()
    const waiting = `job job of ${installation.oauthId} failed in attempt 1 and waits until \\S+Z: the printer burns`
    await expect(room.say('/add broken')).rejects.toThrow(failed(waiting))
    await idle()
    clock.advance({ seconds: 61 })
    const givenUp = `job job of ${installation.oauthId} failed in attempt 2 and was given up: the printer burns`
    await expect(idle()).rejects.toThrow(failed(givenUp))
    await idle()
    await close()
  })

  it('fails when the handler of a webhook with retry or of a schedule fails', async () => {
    await using test = await testAddon((options) => {
      const addon = createWorker(options)
      addon.schedule('yearly', { cron: '@yearly', retry: { attempts: 1 } }, () => {
        throw new Error('no new year')
      })
      return addon
    })
    await expect(test.room.say('/flaky')).rejects.toThrow(
      /^webhook command\.flaky of \S+ failed in attempt 1 and waits until \S+: not now\n/,
    )
    test.clock.advance({ days: 367 })
    await expect(test.idle()).rejects.toThrow(
      /schedule yearly of \S+ failed in attempt 1 and was given up: no new year\n/,
    )
  })

  it('fails in the rooms of every group', async () => {
    const { addGroup } = await start()
    const other = await addGroup()
    await expect(other.room.say('/add broken')).rejects.toThrow('the printer burns')
  })

  it('fails when it is closed if nobody has seen the failure, after closing everything', async () => {
    const realDate = Date
    const { room, server, clock, addon, close } = await start()
    await room.say('/add broken 60')
    clock.advance({ seconds: 61 })
    await addon.idle() // this one belongs to the add-on, and reports nothing
    await expect(close()).rejects.toThrow('the printer burns')
    expect(() => server.url).toThrow('the server is not listening')
    expect(Date).toBe(realDate)
    await close()
  })

  it('goes on with failedJobs: allow, and sees what was given up', async () => {
    const { room, jobs, clock, idle } = await start({ failedJobs: 'allow' })
    await room.say('/add broken')
    expect(await jobs()).toMatchObject([{ state: 'waiting', attempt: 1, error: 'the printer burns' }])
    clock.advance({ seconds: 61 })
    await idle()
    expect(await jobs()).toMatchObject([{ state: 'given up', attempt: 2, error: 'the printer burns' }])
  })

  it('can close the add-on before it closes the test', async () => {
    const { addon, room, close } = await start()
    await room.say('/add fine 90')
    await addon.close()
    await close()
  })

  it('refuses another word for failedJobs', async () => {
    await expect(testAddon(createWorker, { failedJobs: 'ignore' as 'allow' })).rejects.toThrow(
      'testAddon: expected failedJobs to be one of reject, allow; got "ignore"',
    )
  })
})
