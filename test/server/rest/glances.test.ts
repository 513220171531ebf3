import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { expect, onTestFinished, test } from 'vitest'
import { createGlanceUpdates } from '../../../src/server/addons/glance-updates.ts'
import type { HipChatServer } from '../../../src/server/index.ts'
import { openState } from '../../../src/server/state/state.ts'
import {
  accessToken,
  adminCall,
  call,
  declare,
  installOverHttp,
  refusal,
  startAddon,
  startServer,
} from '../support.ts'

const icon = { url: 'https://example.com/i.png', 'url@2x': 'https://example.com/i2.png' }
const content = (value: string) => ({ label: { type: 'html', value } })

/** An add-on with two glances, and the way to push to them. */
async function pushing(server: HipChatServer, room?: string) {
  const addon = await startAddon()
  const glance = ['tea', 'cake'].map((key) => ({ key, name: { value: key }, icon }))
  declare(addon, { glance, hipchatApiConsumer: { scopes: [] } })
  const credentials = await installOverHttp(server, addon, room)
  const token = await accessToken(server, credentials)
  const push = (path: string, glances: unknown) =>
    call(server, 'POST', `/addon/ui${path}`, { token, json: { glance: glances } })
  return { oauthId: credentials.oauthId, push }
}

test('glances are pushed to everyone, to a room, to a user, and to a user in a room, without any scope', async () => {
  const server = await startServer()
  const { oauthId, push } = await pushing(server)
  const paths = ['', '/room/Lobby', '/user/@alice', '/room/2/user/3']
  for (const path of paths) {
    const answer = await push(path, [{ key: 'tea', content: content('<b>hot</b>') }])
    expect([answer.status, answer.body]).toEqual([204, ''])
  }
  const update = {
    oauthId,
    addonKey: 'com.example.dice',
    key: 'tea',
    content: content('<b>hot</b>'),
    at: expect.any(Date),
  }
  expect(server.glanceUpdates()).toEqual([
    update,
    { ...update, roomId: 1 },
    { ...update, userId: 2 },
    { ...update, roomId: 2, userId: 3 },
  ])
  await server.reset()
  expect(server.glanceUpdates()).toEqual([])
})

test('several glances are pushed at once, all or none', async () => {
  const server = await startServer()
  const { push } = await pushing(server, 'Lobby')
  const status = { type: 'lozenge', value: { type: 'success', label: 'HOT' } }
  const tea = { key: 'tea', content: { ...content('tea'), status, metadata: { cups: [1, 2] } } }
  expect((await push('/room/1', [tea, { key: 'cake', content: content('cake') }])).status).toBe(204)
  expect(server.glanceUpdates().map(({ key }) => key)).toEqual(['tea', 'cake'])
  expect(server.glanceUpdates()[0]?.content).toEqual(tea.content)
  const refused = await push('/room/1', [tea, { key: 'pie', content: content('pie') }])
  expect(refusal(refused)).toEqual([400, 'The descriptor of the add-on has no glance pie'])
  expect(refused.body.error.field).toBe('glance.1.key')
  expect((await push('/room/1', [{ key: 'tea', content: { label: 'tea' } }])).body.error.field).toBe(
    'glance.0.content.label',
  )
  expect(refusal(await push('/room/1', undefined))).toEqual([400, 'glance is missing'])
  expect(server.glanceUpdates()).toHaveLength(2)
})

test('an add-on pushes glances only where it is installed', async () => {
  const server = await startServer()
  const { push } = await pushing(server, 'Lobby')
  const glances = [{ key: 'tea', content: content('tea') }]
  const bound = [403, 'This token is bound to another room']
  expect(refusal(await push('/room/Workshop', glances))).toEqual(bound)
  expect(refusal(await push('/room/2/user/@alice', glances))).toEqual(bound)
  expect((await push('/room/Lobby/user/@alice', glances)).status).toBe(204)
  expect(refusal(await push('/room/Lobby/user/@nobody', glances))).toEqual([404, 'User @nobody not found'])
  for (const path of ['', '/user/@alice']) expect((await push(path, glances)).status).toBe(403)
  expect((await adminCall(server, 'POST', '/addon/ui/room/1', { json: { glance: glances } })).status).toBe(
    403,
  )
})

test('the newest glance updates are kept up to a limit, also after a restart', async () => {
  const path = mkdtempSync(join(tmpdir(), 'hipchat-glances-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  const state = openState(path, { durable: true })
  const updates = createGlanceUpdates(state)
  const update = (key: string, text = '') => ({
    oauthId: 'o',
    addonKey: 'a',
    key,
    content: { label: { type: 'html' as const, value: 'x' }, metadata: { text } },
  })
  await updates.add(Array.from({ length: 250 }, (_, index) => update(String(index))))
  expect(updates.list()).toHaveLength(200)
  expect(updates.list()[0]?.key).toBe('50')
  for (let index = 0; index < 6; index += 1)
    await updates.add([update(`big ${index}`, 'x'.repeat(1024 * 1024))])
  const kept = updates.list()
  expect(kept.map(({ key }) => key)).toEqual(['big 3', 'big 4', 'big 5'])
  await state.close()
  const again = openState(path, { durable: true })
  onTestFinished(() => again.close())
  expect(createGlanceUpdates(again).list()).toEqual(kept)
})

test('the schema of descriptors is served without a token, and accepts published descriptors', async () => {
  const server = await startServer()
  const { status, body } = await call(server, 'GET', '/capabilities/addon/schema?draft=v4')
  expect(status).toBe(200)
  const check = new Ajv({ strict: false }).compile(body)
  const folder = new URL('../../../src/testing/fixtures/descriptors/', import.meta.url)
  for (const name of readdirSync(folder))
    expect(check(JSON.parse(readFileSync(new URL(name, folder), 'utf8'))), name).toBe(true)
  expect(check({ key: 'k', name: 'n' })).toBe(false)
})
