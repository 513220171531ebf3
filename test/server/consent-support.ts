import type { HipChatServer, ServerOptions } from '../../src/server/index.ts'
import { planted } from '../leaks/planted.ts'
import {
  type Addon,
  type Answered,
  call,
  declare,
  installOverHttp,
  startAddon,
  startServer,
} from './support.ts'

export const password = planted('correct horse battery')

export const redirectUri = 'https://wiki.example.net/return?from=hipchat'

/** Scopes that the add-on of these tests was installed with; `admin_group` is for administrators only. */
export const installedScopes = ['view_group', 'send_message', 'admin_group']

/** A server with Alice, who has a password, and an add-on that asks for consent. */
export async function startConsent(options: ServerOptions = {}, more: Record<string, unknown> = {}) {
  const server = await startServer({
    seed: {
      users: [
        { name: 'Alice Archer', mentionName: 'alice', email: 'alice@example.com', password },
        { name: 'Bob Baker', mentionName: 'bob', email: 'bob@example.com' },
      ],
      rooms: [{ name: 'Lobby' }, { name: 'Workshop' }],
    },
    ...options,
  })
  const addon = await startAddon()
  const client = await installConsenting(server, addon, more)
  return { server, addon, client }
}

/** Installs an add-on, in the group or a room, that has an address for authorization codes. */
export async function installConsenting(
  server: HipChatServer,
  addon: Addon,
  capabilities: Record<string, unknown> = {},
  room?: string,
): Promise<{ oauthId: string; oauthSecret: string }> {
  declare(addon, {
    hipchatApiConsumer: { scopes: installedScopes },
    oauth2Consumer: { redirectionUrls: [redirectUri] },
    ...capabilities,
  })
  return installOverHttp(server, addon, room)
}

/** What an add-on asks for; `undefined` leaves a parameter out, a list gives it several times. */
export type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>

export function authorizeUrl(server: HipChatServer, oauthId: string, parameters: Parameters = {}): string {
  const query = new URLSearchParams()
  const given: Parameters = {
    response_type: 'code',
    client_id: oauthId,
    redirect_uri: redirectUri,
    state: 'af0ifjsldkj',
    ...parameters,
  }
  for (const [name, value] of Object.entries(given))
    for (const one of value === undefined ? [] : [value].flat()) query.append(name, one)
  return `${server.url}/users/authorize?${query}`
}

/** Requests a page without following redirects. */
export async function visit(url: string, init: RequestInit = {}): Promise<Answered> {
  const answer = await fetch(url, { redirect: 'manual', ...init })
  return { status: answer.status, headers: answer.headers, body: await answer.text() }
}

/** The redirect of an answer: the address without its query, and the query. */
export function redirectOf({ headers }: Answered): { to: string; query: Record<string, string> } | undefined {
  const location = headers.get('location')
  if (location === null) return undefined
  const url = new URL(location)
  return { to: url.origin + url.pathname, query: Object.fromEntries(url.searchParams) }
}

/** The hidden field of the consent page. */
export const formOf = ({ body }: Answered): string => /name="form" value="([^"]*)"/.exec(body)?.[1] ?? ''

export const submit = (
  server: HipChatServer,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answered> =>
  visit(`${server.url}/users/authorize`, {
    method: 'POST',
    body: new URLSearchParams({ decision: 'allow', username: 'alice@example.com', password, ...fields }),
    headers,
  })

/** Gives consent as Alice, and returns the code. */
export async function codeFor(
  server: HipChatServer,
  oauthId: string,
  parameters: Parameters = {},
): Promise<string> {
  const form = formOf(await visit(authorizeUrl(server, oauthId, parameters)))
  const code = redirectOf(await submit(server, { form }))?.query['code']
  if (!code) throw new Error('the consent page gave no code')
  return code
}

/** Exchanges a code, with the credentials of a client. */
export const exchangeCode = (
  server: HipChatServer,
  client: { oauthId: string; oauthSecret: string } | undefined,
  form: Record<string, string>,
): Promise<Answered> =>
  call(server, 'POST', '/oauth/token', {
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      redirect_uri: redirectUri,
      ...form,
    }).toString(),
    headers: {
      ...(client ? { authorization: `Basic ${btoa(`${client.oauthId}:${client.oauthSecret}`)}` } : {}),
      'content-type': 'application/x-www-form-urlencoded',
    },
  })
