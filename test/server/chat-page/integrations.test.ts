import { expect, it } from 'vitest'
import { commandsOf } from '../../../src/server/chat-page/integrations.ts'
import { call, hook, installOverHttp, refusal, startAddon, startServer } from '../support.ts'

const signIn = async (server: Awaited<ReturnType<typeof startServer>>, user_id: number): Promise<string> =>
  (await call(server, 'POST', `${server.url}/page/session`, { json: { user_id } })).body.token

const commands = (...patterns: string[]) =>
  commandsOf({
    key: 'com.example.dice',
    name: 'Dice',
    description: 'Rolls dice',
    links: { self: 'https://dice.example.org/descriptor' },
    capabilities: { webhook: patterns.map((pattern) => hook('https://dice.example.org', { pattern })) },
  } as Parameters<typeof commandsOf>[0])

it('commands are read from the patterns of webhooks', () => {
  expect(commands('^/roll', '(?i)^\\/dice(?:\\s+([\\s\\S]*))?$', '\\A/flip\\b')).toEqual([
    '/roll',
    '/dice',
    '/flip',
  ])
  expect(commands('^/(?:deploy|roll-back)\\s', '^/(deploy|status)$')).toEqual([
    '/deploy',
    '/roll-back',
    '/status',
  ])
})

it('a pattern that is not a plain command gives no command', () => {
  expect(commands('roll', '^/rolls?', '^/[rd]oll', '^/roll|^dice', '^/r+', '/roll', '^hello')).toEqual([])
})

it('the page gets the commands of the add-ons of a room', async () => {
  const server = await startServer()
  const addon = await startAddon()
  addon.descriptor['capabilities'] = {
    ...(addon.descriptor['capabilities'] as object),
    webhook: [hook(addon, { pattern: '^/roll\\b' }), hook(addon, { event: 'room_enter' })],
  }
  await installOverHttp(server, addon, 'Lobby')
  const token = await signIn(server, 2)
  const { body } = await call(server, 'GET', `${server.url}/page/integrations?room_id=1`, { token })
  expect(body.items[0].commands).toEqual(['/roll'])
})

it('a user sets their presence on the page', async () => {
  const server = await startServer()
  const token = await signIn(server, 3)
  const presence = async () => (await call(server, 'GET', '/user/3', { token })).body.presence
  const set = (json: unknown) => call(server, 'PUT', `${server.url}/page/presence`, { token, json })
  expect((await set({ show: 'dnd', status: 'Writing' })).status).toBe(204)
  expect(await presence()).toMatchObject({ show: 'dnd', status_text: 'Writing' })
  expect((await set({ show: 'chat' })).status).toBe(204)
  expect(await presence()).toMatchObject({ show: 'chat', status_text: null })
  expect(refusal(await set({ show: 'busy' }))).toEqual([400, expect.stringContaining('show')])
})
