import { type AddonTest, testAddon } from 'hipchat-addon/testing'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createBuilds } from '../../examples/builds/addon.ts'
import { planted } from '../leaks/planted.ts'

const buildToken = planted('build-token')
let test: AddonTest<ReturnType<typeof createBuilds>>

beforeEach(async () => {
  test = await testAddon((options) => createBuilds({ ...options, buildToken }))
  onTestFinished(() => test.close())
})

const build = {
  project: 'web',
  number: 7,
  status: 'failed',
  url: 'https://ci.example.com/web/7',
  branch: 'main',
}

async function post(body: unknown, token = buildToken) {
  const answer = await fetch(new URL('/builds', test.addon.descriptor.links.self), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  await test.idle()
  return { status: answer.status, text: await answer.text() }
}

describe('a build', () => {
  it('is told in every room, as a card that changes', async () => {
    await test.install({ room: 'Workshop' })
    expect(await post({ ...build, status: 'running' })).toEqual({
      status: 200,
      text: '{"rooms":2,"failed":0}',
    })
    await post(build)
    for (const room of [test.roomOf('Lobby'), test.roomOf('Workshop')]) {
      expect(room.notifications.map(({ message, color }) => [color, message])).toEqual([
        ['gray', 'web #7 is running: https://ci.example.com/web/7'],
        ['red', 'web #7 failed: https://ci.example.com/web/7'],
      ])
      expect(room.cards).toMatchObject([
        {
          title: 'web #7',
          attributes: [
            { value: { label: 'failed', style: 'lozenge-error' } },
            { label: 'Branch', value: { label: 'main' } },
          ],
        },
      ])
    }
  })

  it('is told where others cannot be reached', async () => {
    await test.install({ room: 'Workshop' })
    test.server.fail('sendRoomNotification', { status: 404 })
    expect(await post(build)).toEqual({ status: 200, text: '{"rooms":1,"failed":1}' })
  })

  it.each([
    [{ ...build, project: '' }, 'project must be a string.'],
    [{ ...build, number: '7' }, 'number must be a number.'],
    [{ ...build, url: 'javascript:alert(1)' }, 'url must be an http or https address.'],
    [{ ...build, status: 'odd' }, 'status must be running, passed or failed.'],
    ['{', 'Expected JSON.'],
    ['null', 'project must be a string.'],
  ])('that is none is refused: %j', async (body, why) => {
    expect(await post(body)).toEqual({ status: 400, text: why })
    expect(test.room.messages).toEqual([])
  })

  it('is told by nobody without the token', async () => {
    expect(await post(build, planted('other-token'))).toMatchObject({ status: 401 })
    expect(test.room.messages).toEqual([])
  })
})
