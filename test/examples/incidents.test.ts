import { testAddon } from 'hipchat-addon/testing'
import { expect, it, onTestFinished } from 'vitest'
import { createIncidents } from '../../examples/incidents/addon.ts'

async function start() {
  const test = await testAddon(createIncidents, { install: { room: null } })
  onTestFinished(() => test.close())
  return test
}

it('gets a room of its own, a timeline, and an end', async () => {
  const { room, roomOf, server, clock } = await start()
  expect(await room.say('/incident open The site is down', { from: 'alice' })).toMatchObject([
    { color: 'red', message: 'Incident 1 has its own room Incident 1: The site is down' },
  ])
  const own = roomOf('Incident 1')
  expect(own.notifications[0]).toMatchObject({
    format: 'html',
    color: 'red',
    message: expect.stringContaining('<b>Alice Archer</b> opened this room: The site is down.'),
  })
  expect((await room.glance('open')).status).toMatchObject({ value: { type: 'error', label: 'INCIDENT' } })
  expect(await room.say('/incident status')).toMatchObject([
    { message: '<ul><li>#1 The site is down</li></ul>' },
  ])

  expect(await own.say('/incident note The disk is full', { from: 'bob' })).toEqual([])
  clock.advance({ minutes: 42 })
  await own.say('/incident close', { from: 'bob' })
  const { message } = room.notifications.at(-1) ?? {}
  expect(message).toContain('<b>Incident 1</b> is over after 42 minutes and 2 messages: The site is down')
  expect(message).toMatch(/<li>\d\d:\d\d Bob Baker: The disk is full<\/li>/)
  expect((await room.glance('open')).label.value).toBe('<b>0</b> open')
  const answer = await fetch(`${server.apiUrl}/room/${own.id}`, {
    headers: { authorization: `Bearer ${server.adminToken}` },
  })
  expect(await answer.json()).toMatchObject({ is_archived: true, topic: 'The site is down' })
})

it.each([
  ['/incident open', 'Describe what happened: /incident open The site is down'],
  ['/incident note x', 'This is not the room of an incident. Open one: /incident open The site is down'],
  ['/incident close', 'This is not the room of an incident. Open one: /incident open The site is down'],
  ['/incident status', 'There are no open incidents.'],
])('%s is answered with what to do', async (text, answer) => {
  const { room } = await start()
  expect(await room.say(text)).toMatchObject([{ message: answer }])
})
