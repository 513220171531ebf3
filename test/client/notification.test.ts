import { describe, expect, it } from 'vitest'
import { toNotification } from '../../src/client/notification.ts'
import { html } from '../../src/common/html.ts'
import { ConfigurationError } from '../../src/errors.ts'

function refusal(message: unknown): unknown {
  try {
    return toNotification(message)
  } catch (error) {
    return error
  }
}

describe('a message in a room', () => {
  it('is sent as text when it is a string, whatever it looks like', () => {
    expect(toNotification('<b>1 < 2</b>')).toEqual({ message: '<b>1 < 2</b>', message_format: 'text' })
  })

  it('is sent as HTML when it was made by the html tag', () => {
    expect(toNotification(html`<b>${'<i>'}</b>`)).toEqual({
      message: '<b>&lt;i&gt;</b>',
      message_format: 'html',
    })
  })

  it('is sent unchanged when it is a notification', () => {
    const given = { message: '<b>x</b>', color: 'green', notify: true } as const
    expect(toNotification(given)).toEqual(given)
  })

  it('may be a notification whose message is HTML', () => {
    expect(toNotification({ message: html`<b>x</b>`, color: 'green' })).toEqual({
      message: '<b>x</b>',
      message_format: 'html',
      color: 'green',
    })
  })

  it.each<[unknown, string]>([
    [
      { message: 'Hi', colour: 'red' },
      'notification: colour is not a known member; expected one of message, from, message_format, color, notify, attach_to, card',
    ],
    [{}, 'notification: message is missing; nothing was sent'],
    ['', 'notification: message must NOT have fewer than 1 characters, got 0; nothing was sent'],
    [
      'x'.repeat(10_001),
      'notification: message must NOT have more than 10000 characters, got 10001; nothing was sent',
    ],
    [
      { message: 'Hi', color: 'blue' },
      'notification: color must be one of yellow, green, red, purple, gray, random; nothing was sent',
    ],
    [
      { message: 'Hi', card: { style: 'link', id: '1', title: 'A', thumbnail: {} } },
      'notification: card.thumbnail.url is missing; nothing was sent',
    ],
    [5, 'expected a message as a string, html`…` or a notification with a message, got number'],
    [null, 'expected a message as a string, html`…` or a notification with a message, got null'],
    [['Hi'], 'expected a message as a string, html`…` or a notification with a message, got array'],
    [true, 'expected a message as a string, html`…` or a notification with a message, got boolean'],
  ])('is refused when HipChat would refuse or ignore it: %#', (given, message) => {
    expect(refusal(given)).toBeInstanceOf(ConfigurationError)
    expect(refusal(given)).toMatchObject({ code: 'ERR_CONFIGURATION', message })
  })

  it('is counted in characters, not in bytes or halves of them', () => {
    const message = '😀'.repeat(10_000)
    expect(toNotification(message).message).toBe(message)
  })
})
