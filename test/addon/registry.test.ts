import { describe, expect, it } from 'vitest'
import { createAddon } from '../../src/index.ts'
import { startWorld, testOptions } from '../support.ts'

const addonWith = (over: object) => () => createAddon({ ...testOptions, store: 'memory:', ...over })

type Loose = Record<string, (...all: unknown[]) => unknown>

describe('registrations', () => {
  it.each([
    [
      'an unknown event',
      (addon: never) => register(addon, 'room_left', () => {}),
      /webhook: expected one of room_message, .*; got room_left/,
    ],
    [
      'no handler',
      (addon: never) => register(addon, 'room_enter'),
      'webhook room_enter: expected a handler, got undefined',
    ],
    [
      'a pattern as text',
      (addon: never) => register(addon, 'room_message', { pattern: '^/x' }, () => {}),
      /expected pattern to be a RegExp such as \/\^\\\/deploy\/i, got "\^\/x"/,
    ],
    [
      'a pattern where there is no text',
      (addon: never) => register(addon, 'room_enter', { pattern: /x/ }, () => {}),
      'webhook room_enter: a pattern is only for room_message and room_notification',
    ],
    [
      'an unknown option',
      (addon: never) => register(addon, 'room_message', { patern: /x/ }, () => {}),
      'webhook room_message: patern is not a known option; expected one of pattern, key, name, declared, ordered, durable',
    ],
    [
      'a key with a space',
      (addon: never) => register(addon, 'room_message', { key: 'a b' }, () => {}),
      /expected a key of 1 to 40 letters, .*got "a b"/,
    ],
    [
      'a key that a path loses',
      (addon: never) => register(addon, 'room_message', { key: '..' }, () => {}),
      /expected a key of 1 to 40 letters, .*got ".."/,
    ],
    [
      'an unknown hook',
      (addon: never) => (addon as { on: (...all: unknown[]) => unknown }).on('install', () => {}),
      'on: expected one of installed, updated, uninstalled, replaced, started, closing, got install',
    ],
    [
      'a hook without a handler',
      (addon: never) => (addon as Loose)['on']?.('installed'),
      'on installed: expected a handler, got undefined',
    ],
    [
      'middleware that is not a function',
      (addon: never) => (addon as Loose)['use']?.({}),
      'use: expected middleware, a function (context, next) => …, got object',
    ],
    [
      'an error handler that is not a function',
      (addon: never) => (addon as Loose)['onError']?.('log'),
      'onError: expected a handler, got string',
    ],
    [
      'options that are not an object',
      (addon: never) => register(addon, 'room_message', /x/, () => {}),
      'webhook room_message: expected an object with the options pattern, key, name, declared, ordered, durable, retry; got RegExp',
    ],
    [
      'a command whose options are a string',
      (addon: never) => (addon as Loose)['command']?.('/x', 'Does x', () => {}),
      'command /x: expected an object with the options description, ordered, durable, retry; got string',
    ],
    [
      'options after the handler',
      (addon: never) => register(addon, 'room_message', () => {}, { pattern: /x/ }),
      'webhook room_message: expected the handler last, after its options',
    ],
    [
      'an option of another type',
      (addon: never) => register(addon, 'room_message', { declared: 'no' }, () => {}),
      'webhook room_message: expected declared to be true or false, got "no"',
    ],
    [
      'a command that is no text',
      (addon: never) => (addon as Loose)['command']?.(5, () => {}),
      "command: expected a usage such as '/roll [dice]', got number",
    ],
    [
      'the same command twice',
      (addon: never) =>
        ['/roll', '/Roll [dice]'].map((usage) => (addon as Loose)['command']?.(usage, () => {})),
      'two commands are called /roll',
    ],
    [
      'an id where an installation belongs',
      (addon: never) => (addon as Loose)['client']?.('a1b2'),
      /^client: expected an installation, as returned by addon.installations\(\) .*; got string$/,
    ],
    [
      'a promise of an installation where one belongs',
      (addon: never) => (addon as Loose)['room']?.(Promise.resolve()),
      /^room: expected an installation, as .* and await addon.installation\(oauthId\); got object$/,
    ],
    [
      'a command with a long name',
      (addon: never) => (addon as Loose)['command']?.(`/${'x'.repeat(40)}`, () => {}),
      /^command \/x{40}: expected a name of at most 32 characters, got 40$/,
    ],
  ])('refuse %s', (_, act, message) => {
    const addon = addonWith({})()
    expect(() => act(addon as never)).toThrow(message)
  })

  it('refuse the same webhook twice, and accept it with a key', () => {
    const addon = addonWith({})()
    addon.webhook('room_enter', () => {})
    expect(() => addon.webhook('room_enter', () => {})).toThrow(
      "two webhooks have the key room_enter; give one of them another key with { key: '…' }",
    )
    addon.webhook('room_enter', { key: 'second' }, () => {})
  })

  it('end when the add-on listens, since servers may already have the descriptor', async () => {
    const { addon } = await startWorld(() => {})
    expect(() => addon.webhook('room_enter', () => {})).toThrow(
      /was registered after listen\(\) or callback\(\)/,
    )
    await expect(addon.listen()).rejects.toThrow('listen() was called twice')
  })

  const register = (addon: never, ...all: unknown[]): unknown =>
    (addon as { webhook: (...all: unknown[]) => unknown }).webhook(...all)
})
