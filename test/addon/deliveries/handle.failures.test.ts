import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { delivered, startWorld, type TestHandler } from '../../support.ts'
import { installHandler } from './receive.support.ts'

describe('a handler that forgets to await', () => {
  it.each<[string, TestHandler]>([
    ['a call without the scope', ({ room }) => void room.getRoom()],
    ['an invalid notification', ({ room }) => void room.notify('')],
    ['an invalid reply', ({ reply }) => void reply(42 as never)],
    ['a call of the client', ({ client }) => void client.getRoom({ id_or_name: 7 })],
    ['a write to the store', ({ store }) => void store.set('', 1)],
  ])('%s does not end the process when it fails, and the failure is logged', async (_, handler) => {
    const lines: string[] = []
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
    const { deliver } = await installHandler(handler, { scopes: ['send_notification'], log })
    expect((await deliver()).status).toBe(204)
    await expect.poll(() => lines.join('')).toMatch(/ERR_|not (waited|kept|sent)/)
  })
})

describe('a handler that fails', () => {
  it('with an error that cannot be read does not end the process', async () => {
    const hostile = Object.defineProperty(new Error('x'), 'details', {
      enumerable: true,
      get: () => {
        throw new Error('gotcha')
      },
    })
    const lines: string[] = []
    const log = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) })
    for (const thrown of [
      hostile,
      undefined,
      'text',
      Object.freeze(new Error('cold')),
      Object.create(null),
    ]) {
      const { deliver } = await installHandler(() => Promise.reject(thrown), { log })
      expect((await deliver()).status).toBe(500)
    }
    expect(lines).toHaveLength(5)
    for (const line of lines) expect(line).toContain('the handler failed')
  })

  it('is answered with 500 at once, even if the error handler never ends', async () => {
    const { deliver, addon } = await installHandler(() => Promise.reject(new Error('x')), {
      acknowledgeAfter: 20,
      closeTimeout: 10,
    })
    addon.onError(() => new Promise(() => {}))
    expect((await deliver()).status).toBe(500)
    expect((await deliver()).status).toBe(500)
  })

  it('is answered with 500, reported with its context, and may be delivered again', async () => {
    const errors: unknown[][] = []
    let attempts = 0
    const { deliver, addon, token, oauthId } = await installHandler(() => {
      attempts += 1
      if (attempts === 1) throw new Error('database is away')
      return 'now it works'
    })
    addon.onError(
      (error, context) => void errors.push([error, 'event' in context && context.message?.message]),
    )
    const same = token()
    const first = await deliver('x', delivered(oauthId, 1, 'x'), same)
    expect([first.status, await first.text()]).toEqual([500, 'The handler failed.'])
    expect(errors).toEqual([[expect.objectContaining({ message: 'database is away' }), 'x']])
    const second = await deliver('x', delivered(oauthId, 1, 'x'), same)
    expect([second.status, await second.json()]).toEqual([
      200,
      { message: 'now it works', message_format: 'text' },
    ])
  })

  it('and whose error handler fails too does not end the process', async () => {
    const { deliver, addon } = await installHandler(() => Promise.reject('not even an error'))
    addon.onError(() => {
      throw new Error('nor does this work')
    })
    expect((await deliver()).status).toBe(500)
    expect((await deliver()).status).toBe(500)
  })

  it.each([
    [
      { message: 'x', colour: 'red' },
      'notification: colour is not a known member; expected one of message, from, message_format, color, notify, attach_to, card',
    ],
    [{ message: '' }, 'notification: message must NOT have fewer than 1 characters, got 0; nothing was sent'],
    [
      { message: 'x', color: 'blue' },
      'notification: color must be one of yellow, green, red, purple, gray, random; nothing was sent',
    ],
    [42, 'expected a message as a string, html`…` or a notification with a message, got number'],
  ])('by returning %j gets an error that says what a message is', async (returned, message) => {
    const errors: unknown[] = []
    const { deliver, addon } = await installHandler(() => returned as never)
    addon.onError((error) => void errors.push(error))
    expect((await deliver()).status).toBe(500)
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_CONFIGURATION', message })])
  })

  it('without the scope to answer gets an error that names the approved scopes', async () => {
    const errors: unknown[] = []
    const { deliver, addon } = await installHandler(async ({ room }) => void (await room.getRoom()), {
      scopes: ['send_notification'],
    })
    addon.onError((error) => void errors.push(error))
    expect((await deliver()).status).toBe(500)
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'ERR_MISSING_SCOPE',
        message: expect.stringMatching(
          /getRoom needs the scope view_group or view_room; installation .* was approved with send_notification/,
        ),
      }),
    ])
  })
})

describe('a handler that never ends', () => {
  it('times out after handlerTimeout: its signal is aborted, and its room continues', async () => {
    const errors: unknown[] = []
    let reason: unknown
    const { addon, install, say } = await startWorld(
      (addon) => {
        addon.webhook('room_message', ({ message, signal }) => {
          if (message.message !== 'hang') return 'still here'
          signal.addEventListener('abort', () => {
            reason = signal.reason
          })
          return new Promise(() => {})
        })
      },
      { addon: { handlerTimeout: 20 } },
    )
    addon.onError((error) => void errors.push(error))
    await install()
    expect(await say('hang')).toEqual([])
    expect(await say('hello')).toEqual(['still here'])
    expect(errors).toEqual([
      expect.objectContaining({
        code: 'ERR_HANDLER_TIMEOUT',
        message:
          'the handler of room_message took longer than handlerTimeout, 20 ms: its signal is aborted and its result is ignored',
      }),
    ])
    expect(reason).toBe(errors[0])
  })
})
