import { describe, expect, it } from 'vitest'
import { nextAfter } from '../../../src/addon/jobs/schedule.ts'
import { sessionIn } from '../settings/support.ts'
import { create, queued, start } from './started.ts'

const iso = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString()

/** The next occurrences after a date. */
function occurrences(cron: string, timezone: string, from: string, count: number): (string | undefined)[] {
  let time: number | undefined = Date.parse(from)
  return Array.from({ length: count }, () => {
    time = time === undefined ? undefined : nextAfter('schedule s', { cron, timezone }, time)
    return iso(time)
  })
}

describe('the occurrences of a schedule', () => {
  it('are at the same time of day before and after clocks change', () => {
    expect(occurrences('0 9 * * 1-5', 'America/New_York', '2026-03-06T12:00:00Z', 3)).toEqual([
      '2026-03-06T14:00:00.000Z',
      '2026-03-09T13:00:00.000Z',
      '2026-03-10T13:00:00.000Z',
    ])
  })

  it('come right after an hour that is missing', () => {
    expect(occurrences('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T01:00:00.000Z', // 03:00, since there is no 02:30
      '2026-03-30T00:30:00.000Z',
    ])
  })

  it('come once for a time in an hour that comes twice, and each hour for a pattern of every hour', () => {
    expect(occurrences('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ])
    expect(occurrences('0 * * * *', 'Europe/Berlin', '2026-10-24T23:30:00Z', 3)).toEqual([
      '2026-10-25T00:00:00.000Z',
      '2026-10-25T01:00:00.000Z',
      '2026-10-25T02:00:00.000Z',
    ])
  })

  it('are none for a date that never comes', () => {
    expect(occurrences('0 0 30 2 *', 'UTC', '2026-01-01T00:00:00Z', 1)).toEqual([undefined])
  })
})

/** Moves the clock to a date. Tests run at any time, so the date is one far ahead. */
const until = (date: string) => ({ milliseconds: Date.parse(date) - Date.now() })

describe('a schedule', () => {
  it('runs each occurrence once for every installation, and sends its message to the room', async () => {
    const ran: unknown[] = []
    const { addon, clock, idle, room, addGroup, installation } = await start((tested) =>
      tested.schedule('standup', { cron: '0 9 * * 1-5', timezone: 'Europe/Berlin' }, (context) => {
        const {
          scheduledFor,
          schedule,
          attempt,
          installation: { oauthId },
        } = context
        ran.push([oauthId, scheduledFor.toISOString(), schedule, attempt])
        return 'Good morning.'
      }),
    )
    clock.advance(until('2040-07-01T12:00:00Z'))
    await idle()
    ran.length = 0
    const other = await addGroup()
    await idle()
    expect((await queued(addon)).map(({ kind, due }) => [kind, due.toISOString()])).toEqual([
      ['schedule', '2040-07-02T07:00:00.000Z'],
      ['schedule', '2040-07-02T07:00:00.000Z'],
    ])
    clock.advance(until('2040-07-02T07:00:01Z'))
    await idle()
    await idle()
    const expected = [installation, other.installation].map(({ oauthId }) => [
      oauthId,
      '2040-07-02T07:00:00.000Z',
      'standup',
      1,
    ])
    expect(ran.toSorted()).toEqual(expected.toSorted())
    expect(room.messages.at(-1)?.message).toBe('Good morning.')
    await other.uninstall()
    expect((await queued(addon)).map(({ due }) => due.toISOString())).toEqual(['2040-07-03T07:00:00.000Z'])
  })

  it.each([
    ['run once', ['2040-07-02T09:00:00.000Z']],
    ['skip', []],
  ] as const)('with missed: %s runs what was missed as it says', async (missed, expected) => {
    const ran: string[] = []
    const { clock, idle, addon } = await start((tested) =>
      tested.schedule('daily', { cron: '0 9 * * *', missed }, ({ scheduledFor }) => {
        ran.push(scheduledFor.toISOString())
      }),
    )
    clock.advance(until('2040-07-01T12:00:00Z'))
    await idle()
    ran.length = 0
    clock.advance(until('2040-07-05T12:00:00Z'))
    await idle()
    expect(ran).toEqual(expected)
    expect((await queued(addon)).map(({ due }) => iso(due.getTime()))).toEqual(['2040-07-06T09:00:00.000Z'])
    clock.advance(until('2040-07-06T09:04:00Z'))
    await idle()
    expect(ran).toEqual([...expected, '2040-07-06T09:00:00.000Z'])
  })

  it('takes pattern and time zone from the settings of an installation, also when they change', async () => {
    const ran: string[] = []
    const { addon, clock, idle, room, log } = await start((tested) => {
      const settings = tested.settings({
        fields: {
          hour: { type: 'number', label: 'Hour', default: 9 },
          zone: { type: 'text', label: 'Time zone', default: 'UTC' },
          off: { type: 'checkbox', label: 'Off' },
        },
      })
      tested.schedule(
        'daily',
        {
          cron: async (context) => {
            const { off, hour } = await settings.get(context)
            return off ? undefined : `0 ${hour} * * *`
          },
          timezone: async (context) => (await settings.get(context)).zone ?? 'UTC',
        },
        ({ scheduledFor }) => void ran.push(scheduledFor.toISOString()),
      )
    })
    clock.advance(until('2040-07-01T12:00:00Z'))
    await idle()
    const earlier = [...ran]
    const planned = async () => (await queued(addon)).map(({ due }) => due.toISOString())
    expect(await planned()).toEqual(['2040-07-02T09:00:00.000Z'])

    const save = async (form: Record<string, string>) => {
      const page = await room.open('configurable', { as: 'admin' })
      const body = new URLSearchParams({ session: sessionIn(await page.text()), ...form })
      await fetch(new URL('configure', page.url), { method: 'POST', body })
    }
    await save({ hour: '7', zone: 'America/New_York' })
    expect(await planned()).toEqual(['2040-07-02T11:00:00.000Z'])
    await save({ hour: '7', zone: 'Mars/Olympus' })
    const [unplanned] = await queued(addon)
    expect(unplanned?.due.getTime()).toBeLessThan(Date.parse('2040-07-01T14:00:00Z')) // it is planned again then
    clock.advance({ hours: 2 })
    await idle()
    expect(ran).toEqual(earlier)
    expect(log.map(({ message }) => message)).toContain('a schedule could not be planned')
    await save({ hour: '7', zone: 'UTC', off: 'on' })
    expect(await planned()).toEqual([])
    await save({ hour: '8', zone: 'UTC' })
    expect(await planned()).toEqual(['2040-07-02T08:00:00.000Z'])
  })

  it('goes on with the next occurrence when one is given up, which can be seen', async () => {
    const failures: unknown[] = []
    const { addon, clock, idle } = await start((tested) => {
      tested.onError((error, context) => failures.push([String(error), 'schedule' in context]))
      tested.schedule(
        'daily',
        { cron: '0 9 * * *', retry: { attempts: 2, backoff: 60_000 } },
        ({ attempt }) => {
          throw new Error(`broken ${attempt}`)
        },
      )
    })
    clock.advance(until('2040-07-01T12:00:00Z'))
    await idle()
    clock.advance({ minutes: 2 })
    await idle()
    failures.length = 0
    clock.advance(until('2040-07-02T09:00:01Z'))
    await idle()
    expect(failures).toEqual([])
    clock.advance({ minutes: 2 })
    await idle()
    expect(failures).toEqual([['Error: broken 2', true]])
    const states = (await queued(addon)).map(({ state, due, error }) => [state, due.toISOString(), error])
    expect(states[0]).toEqual(['waiting', '2040-07-03T09:00:00.000Z', undefined])
    expect(states.at(-1)?.[0]).toBe('given up')
    expect(states.at(-1)?.[2]).toBe('broken 2')
  })

  it('is registered with a pattern, a time zone and a handler', () => {
    const addon = create({ store: 'memory:' })
    const schedule = (options: object) => addon.schedule('s', options as never, () => {})
    expect(() => schedule({ cron: '99 9 * * *' })).toThrow(
      'schedule s: expected cron to be a cron pattern such as 0 9 * * 1-5, got "99 9 * * *"',
    )
    expect(() => schedule({ cron: '@daily', timezone: 'Mars/Olympus' })).toThrow(
      'schedule s: expected timezone to be the name of a time zone such as Europe/Berlin, got "Mars/Olympus"',
    )
    expect(() => schedule({})).toThrow(
      'schedule s: expected cron to be a string, or a function that returns it',
    )
    expect(() => schedule({ cron: '@daily', missed: 'all' })).toThrow(
      'expected missed to be one of run once, skip',
    )
    expect(() => addon.schedule('s', { cron: '@daily' }, undefined as never)).toThrow(
      'schedule s: expected a handler, got undefined',
    )
    schedule({ cron: '@daily' })
    expect(() => schedule({ cron: '@daily' })).toThrow('two schedules are called s')
  })
})
