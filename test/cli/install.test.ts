import { describe, expect, it } from 'vitest'
import { planted } from '../leaks/planted.ts'
import { startWorld } from '../support.ts'
import { run } from './support.ts'

const token = planted('administrators-token')

async function world(refusal?: string) {
  const started = await startWorld(
    (addon) => {
      addon.on('installed', () => {
        if (refusal) throw new Error(refusal)
      })
    },
    { server: { adminToken: token } },
  )
  const { addon, server } = started
  return { ...started, descriptor: addon.descriptor.links.self, at: ['--server', server.url] }
}

describe('hipchat-addon install', () => {
  it('installs in a room, and uninstall removes it again', async () => {
    const { addon, descriptor, at } = await world()
    const installed = await run(['install', descriptor, '--room', 'Lobby', '--token', token, ...at])
    expect(installed).toMatchObject({ code: 0, err: '' })
    const [, id = ''] =
      /^Installed {5}com\.example\.test, in Lobby\nInstallation {2}(\S+)\n$/.exec(installed.out) ?? []
    expect((await addon.installation(id))?.roomId).toBeTypeOf('number')
    const removed = await run(['uninstall', 'com.example.test', id, ...at], { HIPCHAT_TOKEN: token })
    expect(removed).toEqual({ code: 0, err: '', out: `Removed  ${id} of com.example.test\n` })
    expect(await addon.installation(id)).toBeUndefined()
  })

  it('installs for the whole group, and prints JSON when asked', async () => {
    const { addon, descriptor, server } = await world()
    const env = { HIPCHAT_SERVER: `${server.url}/v2/`, HIPCHAT_TOKEN: token }
    const { code, out } = await run(['install', descriptor, '--json'], env)
    expect(code).toBe(0)
    const { id, key } = JSON.parse(out) as { id: string; key: string }
    expect(key).toBe('com.example.test')
    expect(await addon.installation(id)).toMatchObject({ oauthId: id, roomId: undefined })
  })

  it('warns about an add-on that answers twice, and names the other installation', async () => {
    const { descriptor, at } = await world()
    const ofGroup = await run(['install', descriptor, '--token', token, ...at])
    const [, id = ''] = /^Installation {2}(\S+)$/m.exec(ofGroup.out) ?? []
    expect(ofGroup.out).not.toContain('Warning')
    const { code, out } = await run(['install', descriptor, '--room', 'Lobby', '--token', token, ...at])
    expect(code).toBe(0)
    expect(out).toMatch(
      /^Warning {7}.* is installed for the whole group too, as \S+\. In Lobby both get every event/m,
    )
    expect(out).toContain(id)
  })

  it('refuses a descriptor URL that is not an address, without calling a server', async () => {
    const ended = await run(['install', 'notaurl', '--server', 'http://127.0.0.1:1', '--token', token])
    expect(ended).toMatchObject({ code: 2, out: '' })
    expect(ended.err).toMatch(
      /'notaurl' is invalid for argument 'descriptor-url'\. expected an http or https address/,
    )
  })

  it('prints the message of an add-on that refuses', async () => {
    const { descriptor, at } = await world('not today')
    const { code, out, err } = await run(['install', descriptor, '--token', token, ...at])
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(
      /The installation failed: the add-on answered 500 \(The add-on’s installed hook failed/,
    )
    expect(err.trim().split('\n')).toHaveLength(1)
  })

  it.each([
    ['an invalid token', ['--token', planted('nonsense')], 1, /Invalid OAuth session/],
    ['an unknown room', ['--token', token, '--room', 'Nowhere'], 1, /Nowhere|not found/i],
    [
      'an unreachable server',
      ['--token', token, '--server', 'http://127.0.0.1:1'],
      1,
      /ECONNREFUSED|127\.0\.0\.1/,
    ],
    ['no token', [], 2, /--token: expected an access token, here or in HIPCHAT_TOKEN/],
    [
      'an invalid address',
      ['--token', token, '--server', 'chat'],
      2,
      /--server: expected an http or https address/,
    ],
    ['an unknown flag', ['--token', token, '--rooom', 'Lobby'], 2, /unknown option '--rooom'/],
  ] as const)('refuses %s in one line', async (_, flags, code, message) => {
    const { descriptor, at } = await world()
    const ended = await run(['install', descriptor, ...at, ...flags])
    expect(ended).toMatchObject({ code, out: '' })
    expect(ended.err).toMatch(message)
    expect(ended.err.trim().split('\n')).toHaveLength(1)
  })
})
