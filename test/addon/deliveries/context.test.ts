import { expect, it } from 'vitest'
import { startWorld } from '../../support.ts'

it('a context can be copied: its members, and the methods of its room, come along', async () => {
  const { install, say } = await startWorld((addon) => {
    addon.webhook('room_message', async (context) => {
      const { room, glance, log, signal, store, sender, ...rest } = { ...context }
      const copied = { ...room }
      await store.set('seen', sender?.name)
      log.info('copied')
      await copied.sendRoomNotification({ message: `${copied.name} ${typeof glance.push} ${signal.aborted}` })
      return Object.keys(rest).toSorted().join(' ')
    })
  })
  await install()
  expect(await say('hello')).toEqual([
    'Lobby function false',
    'attempt client deliveryId event installation item match message reply step',
  ])
})
