import { expect, it, vi } from 'vitest'
import { signIn } from '../../../src/server/auth/sign-in.ts'
import { createCounter } from '../../../src/server/http/window-counter.ts'
import type { State } from '../../../src/server/state/state.ts'

// Hundreds of guesses: hashing each of them would take half a minute.
vi.mock('../../../src/server/auth/passwords.ts', () => ({ passwordMatches: async () => false }))

/** A sign-in that every name and password fails, and the status it answers. */
function door() {
  const attempts = createCounter(15 * 60, true)
  // the only part of the state that is used here
  const state = { people: { find: () => undefined, byMention: () => undefined } } as unknown as State
  return (username: string, address: string) =>
    signIn({ username, password: 'guess', address }, { state, attempts, isLocal: true }).then(
      () => 200,
      (error: { status: number }) => error.status,
    )
}

it('one name can be tried a hundred times from all addresses, and no more', async () => {
  const knock = door()
  for (let index = 0; index < 100; index += 1) expect(await knock('alice', `192.0.2.${index}`)).toBe(401)
  expect(await knock('Alice', '198.51.100.1')).toBe(429)
  expect(await knock('bob', '198.51.100.1')).toBe(401)
})

/** The same with one known user. */
function doorOf(person: { id: number; email: string; mentionName: string }) {
  const attempts = createCounter(15 * 60, true)
  const record = { ...person, isDeleted: false, password: 'x' }
  const people = {
    get: () => record,
    find: (text: string) =>
      Number(text) === person.id ||
      text.toLowerCase() === person.email ||
      text.toLowerCase() === `@${person.mentionName}`
        ? record
        : undefined,
    byMention: (text: string) => (text.toLowerCase() === person.mentionName ? record : undefined),
  }
  // the only part of the state that is used here
  const state = { people } as unknown as State
  return (username: string, address: string) =>
    signIn({ username, password: 'guess', address }, { state, attempts, isLocal: true }).then(
      () => 200,
      (error: { status: number }) => error.status,
    )
}

it.each<[string, (index: number) => string]>([
  ['ids with zeros before them', (index) => `${'0'.repeat(index)}3`],
  [
    'an address in any case',
    (index) => ['dora@example.com', 'DORA@example.com', 'Dora@Example.COM'][index % 3] ?? '',
  ],
  ['a mention name with and without its @', (index) => ['dora', '@dora', 'DORA', '@Dora'][index % 4] ?? ''],
  ['spaces around the name', (index) => `${' '.repeat(index)}dora `],
  ['all kinds of names', (index) => ['3', '03', '@dora', 'dora', 'dora@example.com'][index % 5] ?? ''],
])('one person can be tried ten times from one address under %s', async (_, name) => {
  const knock = doorOf({ id: 3, email: 'dora@example.com', mentionName: 'dora' })
  for (let index = 0; index < 10; index += 1) expect(await knock(name(index), '192.0.2.1')).toBe(401)
  for (let index = 0; index < 10; index += 1) expect(await knock(name(index), '192.0.2.1')).toBe(429)
})

it.each<[string, (index: number) => string]>([
  ['ids with zeros before them', (index) => `${'0'.repeat(index)}99`],
  ['the forms of Unicode', (index) => ['José', 'Jose\u0301', '@JOSÉ', 'Ｊｏｓé'][index % 4] ?? ''],
])('an unknown name is counted once under %s', async (_, name) => {
  const knock = door()
  for (let index = 0; index < 10; index += 1) expect(await knock(name(index), '192.0.2.1')).toBe(401)
  expect(await knock(name(11), '192.0.2.1')).toBe(429)
})

it('one address locks a person out nowhere else, and does not use up their attempts', async () => {
  const knock = doorOf({ id: 3, email: 'dora@example.com', mentionName: 'dora' })
  for (let index = 0; index < 500; index += 1) await knock('dora', '192.0.2.1')
  expect(await knock('dora', '198.51.100.1')).toBe(401)
  expect(await knock('another name', '192.0.2.1')).toBe(401)
})

it('three hundred names can be tried from one address, and no more', async () => {
  const knock = door()
  for (let index = 0; index < 300; index += 1) expect(await knock(`user${index}`, '2001:db8::1')).toBe(401)
  expect(await knock('alice', '2001:db8::2')).toBe(429) // the same network
  expect(await knock('alice', '192.0.2.1')).toBe(401)
})

it('returned attempts can be used again, and no more than those', () => {
  const counter = createCounter(60, true)
  counter.take('a', 2)
  counter.give('a')
  counter.give('a')
  counter.give('b')
  expect(
    [counter.take('a', 2), counter.take('a', 2), counter.take('a', 2)].map(({ exceeded }) => exceeded),
  ).toEqual([false, false, true])
})
