import { request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Installation, keyOf } from '../../../src/installations/installation.ts'
import { createInstallations } from '../../../src/installations/installation-records.ts'
import { createMemoryStore, createSealing, type Store } from '../../../src/store/index.ts'
import { gate } from '../../gate.ts'
import { delivered, sign, startWorld } from '../../support.ts'
import { installHandler } from './receive.support.ts'

describe('an installation that is removed during its delivery', () => {
  /** Removes it as another process does, and can install another one with the same id. */
  async function remove(store: Store, installation: Installation, installAgain: boolean): Promise<void> {
    const installations = createInstallations(store, createSealing())
    await installations.remove(installation)
    if (!installAgain) return
    const again = { ...installation, installedAt: new Date(), updatedAt: new Date() }
    await installations.add({ installation: again, key: keyOf('another secret') })
    await installations.confirm(again)
  }

  /** An add-on that counts what it handles, with middleware that can wait for a gate. */
  async function counting(options: { store?: Store } = {}) {
    const { opened, open } = gate()
    const handled: string[] = []
    const errors: unknown[] = []
    let waits = false
    let reached = (): void => {}
    const world = await startWorld(
      (addon) => {
        addon.use(async (_, next) => {
          if (waits) {
            reached()
            await opened
          }
          return next()
        })
        addon.onError((error) => void errors.push(error))
        addon.webhook('room_message', { key: 'hook' }, async ({ message }) => {
          handled.push(message.message)
          if (message.message === 'first') await opened
        })
      },
      { addon: { acknowledgeAfter: 20_000, ...options } },
    )
    const { installation, secret } = await world.install()
    const { oauthId } = installation
    const headers = () => ({ authorization: `JWT ${sign(oauthId, secret)}` })
    const body = (text: string) => JSON.stringify(delivered(oauthId, 1, text))
    return {
      ...world,
      installation,
      handled,
      errors,
      open,
      /** Resolves when the middleware is waiting. */
      wait: () => {
        waits = true
        return new Promise<void>((resolve) => {
          reached = resolve
        })
      },
      remove: (installAgain: boolean) => remove(world.store, installation, installAgain),
      headers,
      body,
      async deliver(text = 'hello') {
        const init = { method: 'POST', headers: headers(), body: body(text) }
        return (await fetch(`${world.url}/webhook/hook`, init)).status
      },
    }
  }

  it.each([
    ['and gone', false],
    ['and installed again by another server', true],
  ])('while its body arrives gets nothing done: removed %s', async (_, installAgain) => {
    const { url, headers, body, remove, handled } = await counting()
    const text = body('late')
    const length = { 'content-length': String(Buffer.byteLength(text)) }
    const status = await new Promise((resolve, reject) => {
      const sending = request(`${url}/webhook/hook`, { method: 'POST', headers: { ...headers(), ...length } })
      sending.on('response', (answer) => resolve(answer.resume().statusCode))
      sending.on('error', reject)
      sending.write(text.slice(0, 20), () =>
        delay(50)
          .then(() => remove(installAgain))
          .then(() => sending.end(text.slice(20)), reject),
      )
    })
    expect([status, handled]).toEqual([401, []])
  })

  it('while its token is being claimed gets nothing done', async () => {
    const memory = createMemoryStore()
    let claiming = async (): Promise<void> => {}
    const store = {
      ...memory,
      claim: async (key: string, ttl: number) => {
        if (key.includes('jti:')) await claiming()
        return memory.claim(key, ttl)
      },
    }
    const { deliver, remove, handled } = await counting({ store })
    claiming = () => remove(false)
    expect([await deliver(), handled]).toEqual([401, []])
  })

  it('while it waits for an earlier delivery gets nothing done', async () => {
    const { deliver, remove, handled, open } = await counting()
    const first = deliver('first')
    await expect.poll(() => handled).toEqual(['first'])
    const second = deliver('second')
    await delay(50)
    await remove(false)
    open()
    expect([await first, await second, handled]).toEqual([204, 401, ['first']])
  })

  it('while middleware waits gets nothing done, and is not reported as an error', async () => {
    const { deliver, remove, handled, errors, open, wait } = await counting()
    const waiting = wait()
    const answer = deliver()
    await waiting
    await remove(true)
    open()
    expect([await answer, handled, errors]).toEqual([401, [], []])
  })

  it('stores no value that a handler writes later, and makes no call as a new installation with its id', async () => {
    const { opened, open } = gate()
    const started = gate()
    const results: unknown[] = []
    const { store, deliver, addon, oauthId } = await installHandler(async (context) => {
      started.open()
      await opened
      const writes = [context.store.set('a', 1), context.store.update('b', () => 2), context.room.getRoom()]
      results.push(...(await Promise.allSettled(writes)).map(({ status }) => status))
    })
    const answer = deliver()
    await started.opened
    await remove(store, (await addon.installation(oauthId)) as Installation, true) // it was installed above
    open()
    await answer
    expect(results).toEqual(['rejected', 'rejected', 'rejected'])
    const values: string[] = []
    for await (const [key] of store.entries('value:')) values.push(key)
    expect(values).toEqual([])
  })
})
