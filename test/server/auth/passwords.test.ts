import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createHipChatServer, type ServerOptions } from '../../../src/server/index.ts'
import { planted } from '../../leaks/planted.ts'
import { freePort } from '../../ports.ts'
import { adminCall, call, refusal, startServer } from '../support.ts'

const adminToken = planted('a-token-for-the-administrator')
const words = 'password must have at least 10 characters'

/** A server that others can reach, through a proxy; what it answers to calls on its own machine. */
async function startHosted(options: ServerOptions = {}) {
  const port = await freePort()
  await startServer({ port, publicUrl: 'https://chat.example.com', adminToken, ...options })
  return async (method: string, path: string, json: object) => {
    const answer = await fetch(`http://127.0.0.1:${port}/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(json),
    })
    const { error } = JSON.parse((await answer.text()) || '{}')
    return [answer.status, error?.message, error?.field]
  }
}

test('a password may be short on a server that only its own machine can reach', async () => {
  const server = await startServer()
  const json = { name: 'Dora', email: 'dora@example.com', password: 'x' }
  expect((await adminCall(server, 'POST', '/user', { json })).status).toBe(201)
  expect((await adminCall(server, 'PUT', '/user/@bob', { json: { password: 'y' } })).status).toBe(204)
  const signIn = { grant_type: 'password', username: 'dora@example.com', password: 'x' }
  expect((await call(server, 'POST', '/oauth/token', { json: signIn })).status).toBe(200)
})

test.each(['x', 'ninechars', '👩🏽‍🚀👩🏽‍🚀', 'e\u0301'.repeat(9)])(
  'where others can reach the server the password %j is refused',
  async (password) => {
    const answerTo = await startHosted()
    const short = [400, words, 'password']
    expect(await answerTo('POST', '/user', { name: 'Dora', email: 'd@example.com', password })).toEqual(short)
    expect(await answerTo('PUT', '/user/1', { password })).toEqual(short)
  },
)

test('where others can reach the server ten characters are enough, and a password is generated when none is given', async () => {
  const answerTo = await startHosted()
  const make = async (email: string, more: object = {}) =>
    (await answerTo('POST', '/user', { name: 'Dora', email, ...more }))[0]
  expect(await make('a@example.com', { password: planted('tencharact') })).toBe(201)
  expect(await make('b@example.com')).toBe(201)
})

/** What looks like nothing, or cannot be typed. */
const accidents: [password: string, fault: string][] = [
  [' '.repeat(10), 'must not be only whitespace'],
  ['\u00a0\u3000'.repeat(5), 'must not be only whitespace'],
  [' \t\n'.repeat(4), 'must not be only whitespace'],
  ['\0'.repeat(10), 'must not hold control characters'],
  ['a long pass\tphrase', 'must not hold control characters'],
  ['a long pass phrase\n', 'must not hold control characters'],
  ['a long pass\u0085phrase', 'must not hold control characters'],
  ['a long pass\u007fphrase', 'must not hold control characters'],
]

test.each(accidents)('the password %j is refused on every server', async (password, fault) => {
  const refused = [400, `password ${fault}`, 'password']
  const answerTo = await startHosted()
  expect(await answerTo('POST', '/user', { name: 'Dora', email: 'd@example.com', password })).toEqual(refused)
  expect(await answerTo('PUT', '/user/1', { password })).toEqual(refused)
  const server = await startServer()
  const answer = await adminCall(server, 'PUT', '/user/@bob', { json: { password } })
  expect([...refusal(answer), answer.body.error?.field]).toEqual(refused)
})

test.each(accidents)('a seed with the password %j is refused', async (password, fault) => {
  const server = createHipChatServer({
    port: 0,
    seed: { users: [{ name: 'Dora', mentionName: 'dora', password }] },
  })
  onTestFinished(() => server.close())
  await expect(server.listen()).rejects.toMatchObject({
    code: 'ERR_SERVER_OPTION',
    message: `seed gives dora a password that ${fault}`,
  })
})

test('spaces within a password, and one repeated character, are accepted', async () => {
  const answerTo = await startHosted()
  for (const password of [' a long pass phrase ', 'a\u00a0long pass phrase', 'x'.repeat(10)])
    expect((await answerTo('PUT', '/user/1', { password }))[0]).toBe(204)
})

test('a short password from before others could reach the server no longer works', async () => {
  const data = await mkdtemp(join(tmpdir(), 'short-passwords-'))
  onTestFinished(() => rm(data, { recursive: true, force: true }))
  const seed = { users: [{ name: 'Dora', mentionName: 'dora', password: 'short' }] }
  const before = createHipChatServer({ port: 0, data, seed })
  await before.listen()
  await before.close()
  const answerTo = await startHosted({ data })
  const signIn = { grant_type: 'password', username: 'dora', password: 'short' }
  expect(await answerTo('POST', '/oauth/token', signIn)).toEqual([
    403,
    'Your password is shorter than 10 characters: ask an administrator to set another one',
    undefined,
  ])
  expect((await answerTo('POST', '/oauth/token', { ...signIn, password: 'other' }))[0]).toBe(401)
})
