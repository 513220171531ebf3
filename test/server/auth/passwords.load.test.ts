import { beforeEach, expect, test, vi } from 'vitest'
import { hashPassword, passwordMatches } from '../../../src/server/auth/passwords.ts'
import { planted } from '../../leaks/planted.ts'
import { call, startServer } from '../support.ts'

/** Hashes that are being made, and the most there were at a time. `quick`: with next to no work. */
const hashing = vi.hoisted(() => ({ now: 0, most: 0, done: 0, quick: false }))

vi.mock('node:crypto', async (original) => {
  const module = await original<typeof import('node:crypto')>()
  type Done = (error: Error | null, key: Buffer) => void
  const scrypt = (password: string, salt: Buffer, length: number, done: Done) => {
    hashing.now += 1
    hashing.most = Math.max(hashing.most, hashing.now)
    module.scrypt(password, salt, length, hashing.quick ? { N: 2, r: 1 } : {}, (error, key) => {
      hashing.now -= 1
      hashing.done += 1
      done(error, key)
    })
  }
  return { ...module, scrypt, default: { ...module, scrypt } }
})

beforeEach(() => void Object.assign(hashing, { most: 0, done: 0, quick: false }))

const password = planted('password-under-load')

test('many simultaneous sign-ins leave half of the threads to the disk, and a message is stored meanwhile', async () => {
  const server = await startServer({
    seed: { users: [{ name: 'Alice Archer', mentionName: 'alice', password }], rooms: [{ name: 'Lobby' }] },
  })
  const attempt = (number: number) =>
    call(server, 'POST', '/oauth/token', {
      json: { grant_type: 'password', username: `nobody${number}`, password },
    })
  const attempts = Array.from({ length: 16 }, (_, number) => attempt(number))
  await expect.poll(() => hashing.now, { interval: 1 }).toBe(2)
  await server.say('Lobby', 'alice', 'Hello')
  expect(hashing.done).toBeLessThan(16)
  expect((await Promise.all(attempts)).map(({ status }) => status)).toEqual(Array(16).fill(401))
  expect(hashing.most).toBe(2)
})

test('addresses take turns, and beyond a limit passwords are not checked', async () => {
  hashing.quick = true
  const kept = await hashPassword(password)
  const order: string[] = []
  const many = Array.from({ length: 52 }, () =>
    passwordMatches('wrong', kept, '192.0.2.1').then(() => order.push('many')),
  )
  const one = passwordMatches(password, kept, '192.0.2.2').then((right) => order.push(`other: ${right}`))
  await expect(passwordMatches('wrong', kept, '192.0.2.1')).rejects.toMatchObject({
    status: 503,
    message: 'Too many people are signing in: try again in a moment',
    headers: { 'Retry-After': '5' },
  })
  await one
  expect(order.length).toBeLessThan(10)
  await Promise.all(many)
  expect(order).toHaveLength(53)
})

test('a seed with more users than may wait is accepted', async () => {
  hashing.quick = true
  const users = Array.from({ length: 210 }, (_, number) => ({
    name: `User ${number}`,
    mentionName: `user${number}`,
    password,
  }))
  const server = await startServer({ seed: { users } })
  expect(
    (
      await call(server, 'POST', '/oauth/token', {
        json: { grant_type: 'password', username: 'user209', password },
      })
    ).status,
  ).toBe(200)
})
