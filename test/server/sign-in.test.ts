import { expect, it, vi } from 'vitest'
import { signIn } from '../../src/server/accounts/sign-in.ts'
import { createCounter } from '../../src/server/rest/limits.ts'
import type { State } from '../../src/server/state/state.ts'

// Hundreds of guesses: hashing each of them would take half a minute.
vi.mock('../../src/server/accounts/passwords.ts', () => ({ passwordMatches: async () => false }))

/** A door with a lock that nobody's key fits, and what it answers. */
function door() {
  const attempts = createCounter(15 * 60, true)
  // all that is asked of the state here
  const state = { people: { find: () => undefined, byMention: () => undefined } } as unknown as State
  return (username: string, address: string) =>
    signIn({ username, password: 'guess', address }, { state, attempts }).then(
      () => 200,
      (error: { status: number }) => error.status,
    )
}

it('one name is tried a hundred times from anywhere, and no more', async () => {
  const knock = door()
  for (let index = 0; index < 100; index += 1) expect(await knock('alice', `192.0.2.${index}`)).toBe(401)
  expect(await knock('Alice', '198.51.100.1')).toBe(429)
  expect(await knock('bob', '198.51.100.1')).toBe(401)
})

it('three hundred names are tried from one address, and no more', async () => {
  const knock = door()
  for (let index = 0; index < 300; index += 1) expect(await knock(`user${index}`, '2001:db8::1')).toBe(401)
  expect(await knock('alice', '2001:db8::2')).toBe(429) // the same network
  expect(await knock('alice', '192.0.2.1')).toBe(401)
})

it('what was given back can be taken again, and no more than that', () => {
  const counter = createCounter(60, true)
  counter.take('a', 2)
  counter.give('a')
  counter.give('a')
  counter.give('b')
  expect(
    [counter.take('a', 2), counter.take('a', 2), counter.take('a', 2)].map(({ exceeded }) => exceeded),
  ).toEqual([false, false, true])
})
