import { expect, it } from 'vitest'
import { startServer } from '../server/support.ts'
import { openBrowser, signInAs } from './support.ts'

openBrowser()

it('two people talk to each other', async () => {
  const server = await startServer()
  const alice = await signInAs(server, 'alice', { path: '/chat/room/1' })
  const bob = await signInAs(server, 'bob', { path: '/chat/room/1' })
  await alice.getByRole('textbox', { name: /^Message/ }).fill('Hello Bob')
  await alice.keyboard.press('Enter')
  await bob.getByText('Hello Bob').waitFor()
  expect(server.history('Lobby').map(({ message }) => message)).toEqual(['Hello Bob'])
})
