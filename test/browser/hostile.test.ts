import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { adminCall, call, startServer } from '../server/support.ts'
import { expectError, openBrowser, signInAs } from './support.ts'

openBrowser()

/** Each reports where it got through. */
const attacks = (place: string): string[] => {
  const say = `top.pwned='${place}'`
  return [
    `<script>${say}</script>`,
    `<img src=x onerror="${say}">`,
    `<svg onload="${say}"><script>${say}</script></svg>`,
    `<a href="javascript:${say}">click</a>`,
    `<a href=" java\nscript:${say}">click</a>`,
    `<a href="data:text/html,<script>${say}</script>">click</a>`,
    `<style>*{background:url("javascript:${say}")}</style>`,
    `<iframe srcdoc="<script>${say}</script>"></iframe>`,
    `<math><mtext><table><mglyph><style><img src=x onerror="${say}">`,
    `<form action="javascript:${say}"><button>click</button></form>`,
    `<details open ontoggle="${say}">x</details>`,
    `"><img src=x onerror=${say}>`,
    `<template><img src=x onerror="${say}"></template>`,
    `<noscript><p title="</noscript><img src=x onerror=${say}>">`,
    `<b style="position:fixed;inset:0" onclick="${say}">click</b>`,
  ]
}

/** Nothing ran, and nothing is there that would run on an event. */
async function expectHarmless(page: Page): Promise<void> {
  for (const link of await page.getByText('click', { exact: true }).all()) {
    if (await link.isVisible()) await link.click({ force: true, noWaitAfter: true, timeout: 2000 })
  }
  expect(await page.evaluate('window.pwned ?? null')).toBeNull()
  const found = await page.evaluate(`[...document.querySelectorAll('#page *')].filter((one) =>
    /^(?:script|iframe|object|embed|style|math|base|meta|link|template)$/i.test(one.tagName) ||
    [...one.attributes].some(({ name, value }) => /^on/i.test(name) ||
      (/^(?:href|src|action|formaction|xlink:href)$/i.test(name) && /^\\s*(?:java|vb)\\s*script:|^\\s*data:text/i.test(value)))
  ).map((one) => one.outerHTML)`)
  expect(found).toEqual([])
}

it('no script runs from a message, a topic, or a one-to-one message', async () => {
  const server = await startServer()
  const bob = await server.createToken({ user: 'bob' })
  for (const text of attacks('message')) await server.say('Lobby', 'bob', text)
  for (const text of attacks('code')) await server.say('Lobby', 'bob', `/code ${text}`)
  await server.setTopic('Lobby', 'bob', (attacks('topic')[1] ?? '') + (attacks('topic')[3] ?? ''))
  for (const message of attacks('private'))
    await call(server, 'POST', '/user/alice@example.com/message', {
      token: bob,
      json: { message, message_format: 'html' },
    })
  const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
  await page.getByRole('log').getByText('changed the topic').waitFor()
  // Text is shown as it was written.
  await page
    .getByRole('log')
    .getByText(attacks('message')[0] ?? '', { exact: true })
    .waitFor()
  await expectHarmless(page)
  await page.getByRole('link', { name: /Bob Baker/ }).click()
  await page.getByRole('log').getByText('click').first().waitFor()
  await expectHarmless(page)
})

it('no script runs from the HTML of a notification, or from a card', async () => {
  const server = await startServer()
  for (const message of attacks('notification'))
    await server.notify('Lobby', 'bob', { message, from: message.slice(0, 64) })
  for (const [index, text] of attacks('card').entries())
    await server.notify('Lobby', 'bob', {
      message: 'card',
      card: {
        style: 'application',
        id: `card ${index}`,
        title: text,
        url: 'javascript:top.pwned="url"',
        description: { format: 'html', value: text },
        icon: {
          url: 'javascript:top.pwned="icon"',
          'url@2x': `${server.url}/x 1x, javascript:top.pwned="set"`,
        },
        thumbnail: { url: 'javascript:top.pwned="thumbnail"' },
        ...(index % 2 ? { activity: { html: text } } : {}),
        attributes: [
          { label: text.slice(0, 50), value: { label: text, url: 'javascript:top.pwned="attribute"' } },
        ],
      },
    })
  const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
  await page.getByRole('log').getByRole('article').first().waitFor()
  for (const unfold of await page.getByRole('button', { name: /^Details of/ }).all()) await unfold.click()
  await expectHarmless(page)
})

it('no script runs if the server did not sanitize something', async () => {
  const server = await startServer()
  const page = await signInAs(server, 'alice', {})
  // Logged for the document in which it is parsed, which runs nothing anyway.
  expectError(page, /(?:Executing inline event handler|Applying inline style) violates/)
  // The answer of a server that does not sanitize, or has a gap in that.
  const from = { name: 'Add-on' }
  const hostile = attacks('unsanitised').flatMap((text, index) => {
    const date = `2026-01-01T00:00:${String(index).padStart(2, '0')}.000000+00:00`
    const common = { date, from, mentions: [], type: 'notification', color: 'red', message_format: 'html' }
    const card = {
      style: 'link',
      id: `card ${index}`,
      title: text,
      description: { format: 'html', value: text },
      activity: { html: text },
    }
    return [
      { ...common, id: `a${index}`, message: text },
      { ...common, id: `b${index}`, message: 'card', card: JSON.stringify(card) },
      {
        ...common,
        id: `c${index}`,
        type: 'message',
        message: text,
        file: { name: text, url: 'javascript:top.pwned="file"', thumb_url: 'javascript:top.pwned="thumb"' },
      },
    ]
  })
  await page.route('**/v2/room/1/history?*', (route) =>
    route.fulfill({ json: { items: hostile, startIndex: 0, maxResults: 75 } }),
  )
  await page.getByRole('link', { name: 'Lobby' }).click()
  await page.getByRole('log').getByText('click', { exact: true }).first().waitFor()
  for (const unfold of await page.getByRole('button', { name: /^Details of/ }).all()) await unfold.click()
  await expectHarmless(page)
})

it('no script runs from the name of a user, a room or a file, or from a status', async () => {
  const server = await startServer()
  const name = '<img src=x onerror=top.pwned="name">'
  await adminCall(server, 'PUT', '/user/bob@example.com', {
    json: { name, title: name, presence: { show: 'chat', status: name } },
  })
  await adminCall(server, 'POST', '/room', { json: { name, topic: name } })
  await server.shareFile('Lobby', 'bob', { name: `${name}.txt`, size: 1, url: 'https://example.com/x' })
  await server.say('Lobby', 'bob', 'hello')
  const page = await signInAs(server, 'alice', { path: '/chat/room/1' })
  await page.getByRole('log').getByText(`${name}.txt`).waitFor()
  await page.getByRole('button', { name: /^People:/ }).click()
  await page.getByRole('region', { name: 'People in this room' }).getByText(name).first().waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('option').filter({ hasText: name }).first().waitFor()
  await expectHarmless(page)
  await page.keyboard.press('Escape')
  await page.getByRole('navigation').getByRole('link', { name }).first().click()
  await page.getByRole('heading', { level: 1, name }).waitFor()
  await expectHarmless(page)
})
