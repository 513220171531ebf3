import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startWorld } from '../../support.ts'
import { installHandler } from './receive.support.ts'

describe('middleware', () => {
  it('runs around the handler in order, and can answer in its place', async () => {
    const trail: string[] = []
    const { install, say } = await startWorld((addon) => {
      addon.use(async (context, next) => {
        trail.push('outer in')
        const answer = await next()
        trail.push(`outer out with ${String(answer)}`)
        return context.message?.message === 'loud' ? String(answer).toUpperCase() : undefined
      })
      addon.use((context, next) => (context.message?.message === 'secret' ? 'not allowed' : next()))
      addon.webhook('room_message', () => {
        trail.push('handler')
        return 'answer'
      })
    })
    await install()
    expect(await say('plain')).toEqual(['answer'])
    expect(trail).toEqual(['outer in', 'handler', 'outer out with answer'])
    expect(await say('loud')).toEqual(['ANSWER'])
    expect(await say('secret')).toEqual(['not allowed'])
  })

  it('that calls next() twice gets an error', async () => {
    const errors: unknown[] = []
    const { deliver, addon } = await installHandler(() => 'once')
    addon.onError((error) => void errors.push(error))
    expect((await deliver()).status).toBe(200)

    const twice = await startWorld((addon) => {
      addon.use(async (_, next) => {
        await next()
        return next()
      })
      addon.webhook('room_message', () => 'once')
      addon.onError((error) => void errors.push(error))
    })
    await twice.install()
    expect(await twice.say('x')).toEqual([])
    expect(errors).toEqual([expect.objectContaining({ message: 'a middleware called next() twice' })])
  })
})

describe('middleware with mistakes in it', () => {
  const silence = new Promise((resolve) => setTimeout(resolve, 30))

  it('that does not await next() still returns the handler’s answer or error', async () => {
    const errors: unknown[] = []
    const world = await startWorld((addon) => {
      addon.use((_, next) => {
        next()
      })
      addon.webhook('room_message', async ({ message }) => {
        await delay(5)
        if (message.message === 'fail') throw new Error('after a while')
        return 'answer'
      })
      addon.onError((error) => void errors.push(error))
    })
    await world.install()
    expect(await world.say('x')).toEqual(['answer'])
    expect(await world.say('fail')).toEqual([])
    expect(errors).toEqual([expect.objectContaining({ message: 'after a while' })])
  })

  it('that calls next() after it has ended runs no handler, and does not end the process', async () => {
    const handled: string[] = []
    const world = await startWorld((addon) => {
      addon.use((_, next) => {
        setTimeout(next, 1)
        return 'over'
      })
      addon.webhook('room_message', () => void handled.push('handled'))
    })
    await world.install()
    expect(await world.say('x')).toEqual(['over'])
    await silence
    expect(handled).toEqual([])
  })

  it('can swallow the error of the handler', async () => {
    const world = await startWorld((addon) => {
      addon.use(async (_, next) => {
        try {
          return await next()
        } catch {
          return 'swallowed'
        }
      })
      addon.webhook('room_message', () => Promise.reject(new Error('x')))
    })
    await world.install()
    expect(await world.say('x')).toEqual(['swallowed'])
  })
})
