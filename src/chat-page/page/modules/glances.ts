import { effect, signal } from '@preact/signals'
import { wholeList } from '../../../common/whole-list.ts'
import type { GlanceAddress, PageIntegration, PageModule } from '../../../server/chat-page/routes.ts'
import { call } from '../api.ts'
import { session } from '../session.ts'
import { hear, room } from '../store.ts'
import { connection } from '../updates.ts'
import { hint } from './bridge.ts'
import { type ReadGlance, readGlance } from './glance-content.ts'

/** What a glance shows. `content` stays while newer content is loaded. */
export type GlanceState =
  | { readonly kind: 'loading'; readonly content?: ReadGlance }
  | { readonly kind: 'shown'; readonly content: ReadGlance }
  | { readonly kind: 'failed'; readonly reason: string }

/** A glance in the sidebar, with its add-on. */
export interface Glance {
  readonly integration: PageIntegration
  readonly module: PageModule
}

const limit = 10_000
const longest = 256 * 1024 // characters of an answer

/** By room and glance. Updates are kept even for rooms that are not open: the server sends those of every visible room. */
const states = signal<ReadonlyMap<string, GlanceState>>(new Map())

effect(() => {
  session.value // one person never sees what another was shown
  states.value = new Map()
})

const idOf = (roomId: number, oauthId: string, key: string): string => `${roomId} ${oauthId} ${key}`

const stateAt = (roomId: number, { integration, module }: Glance): GlanceState | undefined =>
  states.value.get(idOf(roomId, integration.oauth_id, module.key))

/** What a glance shows in a room; a glance without a query URL shows only its name. */
export const stateOf = (roomId: number, glance: Glance): GlanceState | 'static' =>
  glance.module.url === null
    ? (stateAt(roomId, glance) ?? 'static')
    : (stateAt(roomId, glance) ?? { kind: 'loading' })

function set(roomId: number, oauthId: string, key: string, state: GlanceState): void {
  states.value = new Map(states.value).set(idOf(roomId, oauthId, key), state)
}

/** Queries the add-ons for what their glances show in a room. */
export async function loadGlances(roomId: number, wanted: readonly Glance[]): Promise<void> {
  const asked = wanted.filter(({ module }) => module.url !== null)
  if (asked.length === 0) return
  const fail = ({ integration, module }: Glance, reason: string) =>
    set(roomId, integration.oauth_id, module.key, { kind: 'failed', reason })
  for (const glance of asked) {
    const before = stateAt(roomId, glance)
    const content = before && before.kind !== 'failed' ? before.content : undefined
    const { integration, module } = glance
    set(roomId, integration.oauth_id, module.key, {
      kind: 'loading',
      ...(content ? { content } : {}),
    })
  }
  let addresses: readonly GlanceAddress[]
  try {
    addresses = await wholeList((more) => call('getGlanceAddresses', { room_id: roomId, ...more }))
  } catch (error) {
    for (const glance of asked) fail(glance, error instanceof Error ? error.message : String(error))
    return
  }
  await Promise.all(
    asked.map(async (glance) => {
      const { integration, module } = glance
      const address = addresses.find(
        ({ oauth_id, key }) => oauth_id === integration.oauth_id && key === module.key,
      )
      if (!address) return fail(glance, 'has no URL that could be queried')
      const before = stateAt(roomId, glance)
      try {
        const content = await fetchGlance(address.url)
        // An update that arrived meanwhile is newer than the answer.
        if (stateAt(roomId, glance) === before)
          set(roomId, integration.oauth_id, module.key, { kind: 'shown', content })
      } catch (error) {
        if (stateAt(roomId, glance) === before)
          fail(
            glance,
            error instanceof GlanceError
              ? error.message
              : 'cannot be reached, or does not let this page read its answer (CORS)',
          )
      }
    }),
  )
}

class GlanceError extends Error {
  override name = 'GlanceError'
}

/** The browser itself queries the add-on, which lets pages of other origins read its answer (`auth.md` 7). */
async function fetchGlance(url: string): Promise<ReadGlance> {
  const late = AbortSignal.timeout(limit)
  try {
    const answer = await fetch(url, {
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
      signal: late,
    })
    if (!answer.ok) throw new GlanceError(`answered ${answer.status}`)
    const text = await readText(answer)
    const content = readGlance(parsed(text))
    if (typeof content === 'string') throw new GlanceError(`answered with invalid content: ${content}`)
    return content
  } catch (error) {
    if (late.aborted) throw new GlanceError(`did not answer within ${limit / 1000} seconds`)
    throw error
  }
}

async function readText(answer: Response): Promise<string> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { done: true }
    if (done) return text
    text += value
    if (text.length > longest) {
      void reader?.cancel()
      throw new GlanceError(`answered more than ${longest} characters`)
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new GlanceError('did not answer with JSON')
  }
}

/** Queries again whenever an update may have been missed. Returns a function that stops it. */
export function whenMissed(ask: () => void): () => void {
  let wasDown = false
  const stopFollowing = effect(() => {
    const { value } = connection
    if (value === 'open' && wasDown) ask()
    if (value !== 'connecting') wasDown = value === 'down'
  })
  const stopHearing = hear('reset', ask)
  return () => {
    stopFollowing()
    stopHearing()
  }
}

hear('glance', ({ oauth_id, addon_key, key, room_id, content }) => {
  const next = new Map(states.value)
  const show = (id: string) => next.set(id, { kind: 'shown', content })
  if (room_id !== null) show(idOf(room_id, oauth_id, key))
  else {
    for (const id of states.value.keys()) if (id.endsWith(` ${oauth_id} ${key}`)) show(id)
    if (room.value) show(idOf(room.value.id, oauth_id, key))
  }
  states.value = next
  hint(oauth_id, 'glance-update', { addon_key, module_key: key, metadata: content.metadata }, room_id)
})
