import { type AddonTest, testAddon } from 'hipchat-addon/testing'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createDeploys } from '../../examples/deploys/addon.ts'

let test: AddonTest<ReturnType<typeof createDeploys>>

beforeEach(async () => {
  test = await testAddon(createDeploys)
  onTestFinished(() => test.close())
})

/** What the script of a page does: posts to a route of the add-on, with the session token of the page. */
async function post(module: string, path: string, body: object, as = 'bob', values?: object) {
  const page = await test.room.open(module, { as, ...(values ? { values: { ...values } } : {}) })
  const [, token] = /<meta name="session-token" content="([^"]+)">/.exec(await page.text()) ?? []
  const answer = await fetch(new URL(`/${path}`, test.addon.descriptor.links.self), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await test.idle()
  return { status: answer.status, text: await answer.text() }
}

const configure = async (form: Record<string, string>) => {
  const page = await test.room.open('configurable', { as: 'Admin' })
  const hidden =
    /name="([^"]+)" type="hidden" value="([^"]+)"|type="hidden" name="([^"]+)" value="([^"]+)"/.exec(
      await page.text(),
    )
  const [, name = hidden?.[3] ?? '', value = hidden?.[4] ?? ''] = hidden ?? []
  const saved = await fetch(page.url.split('?')[0] ?? '', {
    method: 'POST',
    body: new URLSearchParams({ [name]: value, ...form }),
  })
  expect(saved.status, await saved.text()).toBe(200)
}

describe('a deployment', () => {
  it('is asked for in the room, and shown as a card and beside the chat', async () => {
    const { room } = test
    const [answer] = await room.say('/deploy api 4.2')
    expect(answer).toMatchObject({ message: 'Alice Archer asks to deploy api 4.2 (#1)', color: 'gray' })
    expect(answer?.card).toMatchObject({
      style: 'application',
      title: 'api 4.2',
      attributes: [
        { label: 'State', value: { label: 'Waiting', style: 'lozenge-current' } },
        { label: 'Asked by', value: { label: 'Alice Archer' } },
      ],
      metadata: { deploymentId: 1, state: 'waiting' },
    })
    expect((await room.glance('status')).label.value).toBe('<b>1</b> waiting')
    expect(room.pushed('status').at(-1)?.metadata).toEqual({ waiting: 1 })
    expect(await (await room.open('board')).text()).toContain('<b>api</b> 4.2')
  })

  it('is approved in a dialog, once, and its card changes', async () => {
    const { room } = test
    await room.say('/deploy api 4.2')
    const values = { message: { metadata: { deploymentId: 1 } } }
    const dialog = await room.open('decide', { as: 'bob', values })
    expect(await dialog.text()).toContain('Alice Archer asks to deploy <b>api 4.2</b>.')
    expect((await post('decide', 'decisions', { id: 1, state: 'approved' }, 'bob', values)).status).toBe(204)
    expect(room.cards).toHaveLength(1)
    expect(room.cards[0]?.metadata).toEqual({ deploymentId: 1, state: 'approved' })
    expect(room.notifications.at(-1)?.message).toBe('Bob Baker approved api 4.2 (#1)')
    expect((await room.glance('status')).status).toMatchObject({ value: { type: 'success', label: 'CLEAR' } })
    expect(await post('decide', 'decisions', { id: 1, state: 'refused' }, 'alice', values)).toEqual({
      status: 409,
      text: 'This deployment is already decided.',
    })
  })

  it('is asked for in a dialog', async () => {
    expect((await post('ask', 'deployments', { service: 'web', version: '1.0' })).status).toBe(204)
    expect(test.room.notifications.at(-1)?.message).toBe('Bob Baker asks to deploy web 1.0 (#1)')
    expect(await post('ask', 'deployments', { service: ' ' })).toMatchObject({ status: 400 })
  })

  it('is decided by nobody who does not look at the page', async () => {
    await test.room.say('/deploy api 4.2')
    const answer = await fetch(new URL('/decisions', test.addon.descriptor.links.self), {
      method: 'POST',
      body: JSON.stringify({ id: 1, state: 'approved' }),
    })
    expect(answer.status).toBe(401)
    expect(test.room.cards[0]?.metadata).toMatchObject({ state: 'waiting' })
  })

  it('is of a service that was configured, and of none while all is frozen', async () => {
    const { room } = test
    await configure({ services: 'api\nweb' })
    expect(await room.say('/deploy nonsense 1')).toMatchObject([
      { message: 'nonsense is not one of api, web.' },
    ])
    expect((await room.say('/deploy web 1'))[0]?.card?.title).toBe('web 1')
    await configure({ services: 'api\nweb', frozen: 'on' })
    expect(await room.say('/deploy web 2')).toMatchObject([{ message: 'Deployments are frozen.' }])
  })

  it('stays in the list of all, which can be printed', async () => {
    await test.room.say('/deploy <b>api</b> 4.2')
    const page = await (await test.room.open('history')).text()
    expect(page).toContain('&lt;b&gt;api&lt;/b&gt; 4.2')
    expect(page).not.toContain('<b>api</b>')
  })
})

it('the action on messages is offered on cards that wait', () => {
  const { action } = test.addon.descriptor.capabilities ?? {}
  expect(action?.find(({ key }) => key === 'approve')?.conditions).toEqual([
    {
      condition: 'card_matches',
      params: {
        metadata: [
          { attr: 'sender_addon_key', eq: 'com.example.deploys' },
          { attr: 'state', eq: 'waiting' },
        ],
      },
    },
  ])
})
