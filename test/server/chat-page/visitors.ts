import { expect } from 'vitest'
import type { HipChatServer } from '../../../src/server/index.ts'
import { planted } from '../../leaks/planted.ts'
import { type CallOptions, call } from '../support.ts'

/** A call of the chat page's own operations. */
export const pageCall = (server: HipChatServer, method: string, path: string, options: CallOptions = {}) =>
  call(server, method, `${server.url}/page${path}`, options)

/** Ids of the users that a server has without a seed. */
export const ids = { admin: 1, alice: 2, bob: 3, carol: 4 }

/** A user of the page, and calls in their name. */
export async function visit(server: HipChatServer, name: keyof typeof ids) {
  const { status, body } = await pageCall(server, 'POST', '/session', { json: { user_id: ids[name] } })
  expect(status).toBe(201)
  const token: string = body.token
  return {
    token,
    call: (method: string, path: string, json?: unknown) =>
      pageCall(server, method, path, { token, ...(json === undefined ? {} : { json }) }),
  }
}

/** A user with a password, and one without. */
export const protectedSeed = () => ({
  users: [
    { name: 'Dora Dent', mentionName: 'dora', email: 'dora@example.com', password: planted('dora-password') },
    { name: 'Open Oscar', mentionName: 'oscar' },
  ],
})
