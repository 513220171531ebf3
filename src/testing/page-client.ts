import type { EventName } from '../api/events.ts'
import { type GlanceContent, glanceContent } from '../api/glance.ts'
import { validate } from '../common/validate.ts'
import type { HipChatServer, UserName } from '../server/index.ts'

/** Does what the chat page does for a person, without a browser. */
export interface PageClient {
  /** Requests the content of a glance. */
  glance(roomId: number, key: string, as: UserName): Promise<GlanceContent>
  /** Opens the page of a module. */
  open(
    roomId: number | undefined,
    key: string,
    as: UserName,
    options: { readonly values?: object; readonly theme?: 'light' | 'dark' },
  ): Promise<Response>
  /** Whether a room is archived. */
  isArchived(roomId: number): Promise<boolean>
  /** Causes an event as the administrator, unless `values` name another `user`. */
  trigger(event: EventName, roomId: number, values: Readonly<Record<string, unknown>>): Promise<void>
}

interface Integration {
  readonly oauth_id: string
  readonly name: string
  readonly modules: readonly { readonly key: string; readonly type: string }[]
}

// biome-ignore lint/suspicious/noExplicitAny: answers of a server that checks them itself
type Json = any

/** Creates a client of the server's chat page. */
export function createPageClient(server: HipChatServer): PageClient {
  async function send(token: string, method: string, path: string, body?: object): Promise<Json> {
    const answer = await fetch(server.url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await answer.text()
    const result = text ? JSON.parse(text) : undefined
    if (!answer.ok) throw new Error(`${method} ${path}: ${result?.error?.message ?? answer.status}`)
    return result
  }

  const admin = (method: string, path: string, body?: object) => send(server.adminToken, method, path, body)

  /** Finds the add-on that has a module. */
  async function ownerOf(key: string, integrations: readonly Integration[]): Promise<string> {
    const page = key === 'configurable' || key === 'adminPage'
    const owner = integrations.find(({ modules }) => page || modules.some((module) => module.key === key))
    if (owner) return owner.oauth_id
    const known = integrations.flatMap(({ modules }) => modules.map((module) => module.key))
    throw new Error(`there is no module ${key} here; the modules are ${known.join(', ') || 'none'}`)
  }

  async function integrationsFor(token: string, roomId: number | undefined): Promise<Integration[]> {
    const query = roomId === undefined ? '' : `?room_id=${roomId}`
    return (await send(token, 'GET', `/page/integrations${query}`)).items
  }

  return {
    async glance(roomId, key, as) {
      const token = await server.createPageToken(as)
      const { items } = await send(token, 'GET', `/page/room/${roomId}/glances`)
      const found = items.find((item: Json) => item.key === key)
      if (!found) {
        await ownerOf(key, await integrationsFor(token, roomId))
        throw new Error(`the module ${key} is not a glance with a queryUrl`)
      }
      const answer = await fetch(found.url)
      if (!answer.ok) throw new Error(`the glance ${key} answered ${answer.status}: ${await answer.text()}`)
      const checked = validate(glanceContent, await answer.json())
      if (!checked.ok)
        throw new Error(`the glance ${key} answered with invalid content: ${checked.problem.message}`)
      return checked.value
    },
    async open(roomId, key, as, { values, theme = 'light' }) {
      const token = await server.createPageToken(as)
      const owner = await ownerOf(key, await integrationsFor(token, roomId))
      const named = key === 'configurable' || key === 'adminPage' ? { page: key } : { key }
      const { url } = await send(token, 'POST', `/page/integration/${owner}/open`, {
        ...named,
        ...(roomId === undefined ? {} : { room_id: roomId }),
        ...(values ? { values } : {}),
        theme,
      })
      return fetch(url)
    },
    isArchived: async (roomId) => (await admin('GET', `/v2/room/${roomId}`)).is_archived,
    async trigger(event, roomId, values) {
      await admin('POST', '/admin/trigger', { event, room_id: String(roomId), values })
    },
  }
}
