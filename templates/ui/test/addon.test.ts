import { type AddonTest, testAddon } from 'hipchat-addon/testing'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createTasks } from '../src/addon.ts'

let test: AddonTest<ReturnType<typeof createTasks>>

beforeEach(async () => {
  test = await testAddon(createTasks)
  onTestFinished(() => test.close())
})

/** Posts to a route of the add-on with the session token of a page, as the script of the page does. */
async function post(module: string, path: string, body: object) {
  const page = await test.room.open(module, { as: 'bob' })
  const [, token] = /<meta name="session-token" content="([^"]+)">/.exec(await page.text()) ?? []
  const answer = await fetch(new URL(`/${path}`, test.addon.descriptor.links.self), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await test.idle()
  return { status: answer.status, text: await answer.text() }
}

/** Saves the form of the configuration page, as an administrator's browser does. */
async function configure(values: Record<string, string>) {
  const page = await test.room.open('configurable', { as: 'Admin' })
  const inputs = [...(await page.text()).matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => input)
  const part = (input: string, name: string) => new RegExp(` ${name}="([^"]*)"`).exec(input)?.[1] ?? ''
  const hidden = Object.fromEntries(inputs.map((input) => [part(input, 'name'), part(input, 'value')]))
  const body = new URLSearchParams({ ...hidden, ...values })
  const saved = await fetch(page.url.split('?')[0] ?? '', { method: 'POST', body })
  expect(saved.status, await saved.text()).toBe(200)
}

describe('the list', () => {
  it('gets a task from the room, and shows it in the glance and the panel', async () => {
    const { room } = test
    expect((await room.glance('tasks')).label.value).toBe('<b>0</b> to do')
    expect(await room.say('/todo water the plants')).toMatchObject([{ message: 'To do: water the plants' }])
    expect(room.pushed('tasks').at(-1)?.metadata).toEqual({ open: 1 })
    expect((await room.glance('tasks')).label.value).toBe('<b>1</b> to do')
    expect(await (await room.open('list')).text()).toContain('<li>water the plants <button')
    expect(await room.say('/todo')).toMatchObject([{ message: 'To do: water the plants' }])
  })

  it('shows HTML in a task as text, and never runs it', async () => {
    await test.room.say('/todo <script>alert(1)</script>')
    const text = await (await test.room.open('list')).text()
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(text).not.toContain('<script>alert')
  })

  it('gets a task from the dialog', async () => {
    expect(await (await test.room.open('add')).text()).toContain('<form>')
    expect((await post('add', 'tasks', { text: 'feed the cat' })).status).toBe(204)
    expect(await (await test.room.open('list')).text()).toContain('feed the cat')
    expect(await post('add', 'tasks', { text: ' ' })).toEqual({
      status: 400,
      text: 'Enter a task of at most 200 characters.',
    })
  })

  it('finishes each task once in the panel', async () => {
    await test.room.say('/todo water the plants')
    expect((await post('list', 'done', { id: 1 })).status).toBe(204)
    expect(test.room.notifications.at(-1)?.message).toBe('Done: water the plants')
    expect(test.room.pushed('tasks').at(-1)?.metadata).toEqual({ open: 0 })
    expect(await post('list', 'done', { id: 1 })).toEqual({
      status: 409,
      text: 'This task is already done.',
    })
  })

  it('refuses a change without a session', async () => {
    const answer = await fetch(new URL('/tasks', test.addon.descriptor.links.self), {
      method: 'POST',
      body: JSON.stringify({ text: 'let me in' }),
    })
    expect(answer.status).toBe(401)
    expect((await test.room.glance('tasks')).metadata).toEqual({ open: 0 })
  })
})

describe('the configuration page', () => {
  it('sets the maximum number of tasks, and whether the room is notified', async () => {
    await configure({ most: '1' }) // an empty checkbox is not sent
    await test.room.say('/todo one')
    expect(await test.room.say('/todo two')).toMatchObject([
      { message: 'The list is full: the maximum is 1. Finish a task first.' },
    ])
    await post('list', 'done', { id: 1 })
    expect(test.room.notifications.map(({ message }) => message)).not.toContain('Done: one')
  })
})
