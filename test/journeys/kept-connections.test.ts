import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createPersonalClient } from '../../src/index.ts'
import { farAway } from '../far-away.ts'
import { accessToken, declare, hook, installOverHttp, startAddon, startServer } from '../server/support.ts'

const way = 150
const idle = 200

it('no delivery is lost with a distant add-on that closes its idle connections unannounced', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const far = await farAway(Number(new URL(addon.url).port), way, idle)
  declare(addon, { webhook: [hook(`http://127.0.0.1:${far}`)] })
  await installOverHttp(server, addon, 'Lobby')
  for (let number = 1; number <= 5; number += 1) {
    await server.say('Lobby', 'alice', `message ${number}`)
    await server.idle()
    await wait(idle - way / 2) // the next is on its way when the connection is closed
  }
  expect(addon.to('/hook').map(({ body }) => body.item.message.message)).toEqual(
    [1, 2, 3, 4, 5].map((number) => `message ${number}`),
  )
  expect(server.deliveries().map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  await server.close()
})

it('no installation, update or removal is lost with a distant add-on that closes its idle connections unannounced', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const far = await farAway(Number(new URL(addon.url).port), way, idle)
  declare(addon, { installable: { callbackUrl: `http://127.0.0.1:${far}/installed` } })
  for (const room of ['Lobby', undefined]) {
    const { oauthId } = await installOverHttp(server, addon, room)
    await wait(idle - way / 2)
    await server.uninstall(oauthId)
    await server.idle()
    await wait(idle - way / 2)
  }
  expect(addon.calls.map(({ method }) => method)).toEqual(['POST', 'DELETE', 'POST', 'DELETE'])
  await server.close()
})

it('no message of a client is lost with a distant server that closes its idle connections', async () => {
  const server = await startServer()
  const addon = await startAddon()
  const credentials = await installOverHttp(server, addon, 'Lobby')
  const far = await farAway(Number(new URL(server.url).port), way, idle)
  const client = createPersonalClient({
    apiUrl: `http://127.0.0.1:${far}/v2/`,
    token: await accessToken(server, credentials),
  })
  const { id } = server.room('Lobby')
  for (let number = 1; number <= 5; number += 1) {
    await client.sendRoomNotification({ id_or_name: id, message: `message ${number}` })
    await wait(idle - way / 2)
  }
  const texts = server.history('Lobby').map(({ message }) => message)
  expect(texts.filter((text) => text?.startsWith('message'))).toHaveLength(5)
  await server.close()
})
