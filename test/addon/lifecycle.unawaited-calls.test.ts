import { expect, it } from 'vitest'
import type { EventContext } from '../../src/addon/deliveries/context.ts'
import { startWorld } from '../support.ts'
import { startShowing } from './viewer.ts'

type Act = (context: EventContext<'room_message', 'send_notification'>) => unknown

/** Calls that handlers do not await, with the number of messages that they send. */
const acts: [what: string, act: Act][] = [
  [
    'five notifications',
    ({ room }) => {
      for (let number = 1; number <= 5; number += 1) void room.notify(`message ${number}`)
    },
  ],
  [
    'five notifications, one after the other',
    ({ room }) => {
      void (async () => {
        for (let number = 1; number <= 5; number += 1) await room.notify(`message ${number}`)
      })()
    },
  ],
  [
    'notifications by way of the client, the reply and the store',
    ({ client, room, reply, store }) => {
      void reply('message 1')
      for (const number of [2, 3])
        void client.sendRoomNotification({ id_or_name: room.id, message: `message ${number}` })
      void store
        .update<number>('count', (count = 0) => count + 1)
        .then(() => room.notify('message 4'))
        .finally(() => room.notify('message 5'))
    },
  ],
]

const said = (messages: readonly (string | undefined)[]): string[] =>
  messages.filter((text): text is string => text?.startsWith('message ') === true).sort()
const five = [1, 2, 3, 4, 5].map((number) => `message ${number}`)

it.each(acts)('%s that a handler does not await are waited for by close()', async (_, act) => {
  const { addon, server, install, messages } = await startWorld((made) => {
    made.webhook('room_message', (context) => void act(context as never))
  })
  await install()
  await server.say('Lobby', 'alice', 'go')
  await server.idle()
  await addon.close()
  expect(said(messages())).toEqual(five)
})

it.each(acts)('%s that a handler does not await are waited for by idle()', async (_, act) => {
  const { addon, server, install, messages } = await startWorld((made) => {
    made.webhook('room_message', (context) => void act(context as never))
  })
  await install()
  await server.say('Lobby', 'alice', 'go')
  await server.idle()
  await addon.idle()
  expect(said(messages())).toEqual(five)
})

it('close() also waits for calls of a hook and calls outside of handlers', async () => {
  const { addon, install, messages } = await startWorld((made) => {
    made.on('installed', ({ room }) => {
      void room?.notify('message 1')
      void room?.notify('message 2')
    })
  })
  const { installation } = await install()
  const room = addon.room(installation, installation.roomId ?? 0)
  for (const number of [3, 4, 5]) void room.notify(`message ${number}`)
  await addon.close()
  expect(said(messages())).toEqual(five)
})

it('close() also waits for calls of a page and of a glance', async () => {
  const icon = 'https://example.com/icon.png'
  const { open, addon, messages } = await startShowing((made) => {
    made.webPanel({ key: 'board', name: 'The board' }, ({ room }) => {
      for (const number of [1, 2, 3]) void room?.notify(`message ${number}`)
      return 'ok'
    })
    made.glance({ key: 'status', name: 'Status', icon }, ({ room, glance }) => {
      void glance.push('status', 'pushed').then(() => room?.notify('message 4'))
      void room?.notify('message 5')
      return 'shown'
    })
  })
  await open('/page/board')
  await open('/glance/status')
  await addon.close()
  expect(said(messages())).toEqual(five)
})

it('close() gives up on calls that do not end after closeTimeout', async () => {
  const { addon, server, install } = await startWorld(
    (made) => {
      made.webhook('room_message', ({ room }) => void room.notify('message 1').catch(() => undefined))
    },
    { addon: { closeTimeout: 300 } },
  )
  await install()
  server.fail('sendRoomNotification', { delay: 2_000 })
  await server.say('Lobby', 'alice', 'go')
  await server.idle()
  const begun = performance.now()
  await addon.close()
  expect(performance.now() - begun).toBeGreaterThan(250)
  expect(performance.now() - begun).toBeLessThan(1900)
})
