import type { HipChatServer } from '../../src/server/index.ts'
import { type Addon, declare, installOverHttp, type Reply, startAddon } from '../server/support.ts'

export interface Shipyard extends Addon {
  readonly oauthId: string
  readonly oauthSecret: string
  /** The answer at a path below the add-on: the body of a page, a response, or nothing. */
  readonly pages: Map<string, string | (() => Reply)>
}

/** A page of an add-on: loads the script of the server, and writes what it receives into its list. */
const pageOf = (server: HipChatServer, body: string): Reply => ({
  headers: { 'content-type': 'text/html; charset=utf-8' },
  body: `<!doctype html><html lang="en"><title>Page</title>
<script src="${server.url}/atlassian-connect/all.js"></script>
<ul id="heard"></ul>
<script>
  function say(...what) {
    const item = document.createElement('li')
    item.textContent = what.map((one) => typeof one === 'string' ? one : JSON.stringify(one)).join(' ')
    document.getElementById('heard').append(item)
  }
  const hear = (...names) => Object.fromEntries(names.map((name) => [name, (data) => say(name, data)]))
</script>
${body}`,
})

export const icon = (url: string) => ({ url: `${url}/icon.svg`, 'url@2x': `${url}/icon.svg` })

export const glance = (url: string, more: Record<string, unknown> = {}) => ({
  key: 'status',
  name: { value: 'Deployments' },
  queryUrl: `${url}/glance`,
  target: 'board',
  icon: icon(url),
  ...more,
})

export const panel = (url: string, more: Record<string, unknown> = {}) => ({
  key: 'board',
  name: { value: 'Board' },
  url: `${url}/board`,
  location: 'hipchat.sidebar.right',
  ...more,
})

/** An add-on's answer to a query for a glance, readable for pages of other origins. */
export const json = (content: unknown): Reply => ({
  headers: { 'content-type': 'application/json', 'access-control-allow-origin': '*' },
  body: JSON.stringify(content),
})

export const label = (value: string, more: Record<string, unknown> = {}) => ({
  label: { type: 'html', value },
  ...more,
})

/** An add-on with pages, installed in a room or for the group. */
export async function startShipyard(
  server: HipChatServer,
  capabilities: (url: string) => Record<string, unknown>,
  {
    room,
    key = 'com.example.shipyard',
    name = 'Shipyard',
  }: { room?: string; key?: string; name?: string } = {},
): Promise<Shipyard> {
  const addon = await startAddon()
  declare(addon, {
    hipchatApiConsumer: { scopes: ['send_notification', 'view_room'] },
    ...capabilities(addon.url),
  })
  addon.descriptor = { ...addon.descriptor, key, name }
  const pages: Shipyard['pages'] = new Map([
    ['/glance', () => json(label('<b>3</b> deployments'))],
    [
      '/icon.svg',
      () => ({
        headers: { 'content-type': 'image/svg+xml' },
        body: '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"/>',
      }),
    ],
  ])
  addon.respond = ({ path }) => {
    const found = pages.get(path.split('?')[0] ?? '')
    return typeof found === 'string' ? pageOf(server, found) : found?.()
  }
  return Object.assign(addon, { pages, ...(await installOverHttp(server, addon, room)) })
}

/** Shows the values that a page of the add-on received in its URL. */
export const lastQuery = (addon: Addon, path: string): URLSearchParams =>
  new URLSearchParams(addon.to(path).at(-1)?.path.split('?')[1])
