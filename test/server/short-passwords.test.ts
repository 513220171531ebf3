import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createHipChatServer, type ServerOptions } from '../../src/server/index.ts'
import { planted } from '../leaks/planted.ts'
import { freePort } from '../ports.ts'
import { adminCall, call, startServer } from './support.ts'

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

test('on a server that only its own machine can reach a password may be short', async () => {
  const server = await startServer()
  const json = { name: 'Dora', email: 'dora@example.com', password: 'x' }
  expect((await adminCall(server, 'POST', '/user', { json })).status).toBe(201)
  expect((await adminCall(server, 'PUT', '/user/@bob', { json: { password: 'y' } })).status).toBe(204)
  const signIn = { grant_type: 'password', username: 'dora@example.com', password: 'x' }
  expect((await call(server, 'POST', '/oauth/token', { json: signIn })).status).toBe(200)
})

test.each(['x', 'ninechars', '👩🏽‍🚀👩🏽‍🚀', 'e\u0301'.repeat(9)])(
  'where others can reach the server nobody is given the password %j',
  async (password) => {
    const answerTo = await startHosted()
    const short = [400, words, 'password']
    expect(await answerTo('POST', '/user', { name: 'Dora', email: 'd@example.com', password })).toEqual(short)
    expect(await answerTo('PUT', '/user/1', { password })).toEqual(short)
  },
)

test('where others can reach the server ten characters are enough, and one is made up when none is given', async () => {
  const answerTo = await startHosted()
  const make = async (email: string, more: object = {}) =>
    (await answerTo('POST', '/user', { name: 'Dora', email, ...more }))[0]
  expect(await make('a@example.com', { password: planted('tencharact') })).toBe(201)
  expect(await make('b@example.com')).toBe(201)
})

test('a short password from before others could reach the server lets nobody in', async () => {
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
