import type { Scope } from '../api/scopes.ts'
import { type Checks, expecting } from '../common/checks.ts'
import { typeName } from '../common/validate.ts'
import { ConfigurationError, RoomInstallationError } from '../errors.ts'
import { checkOptions } from '../option-checks.ts'
import type { Client } from './client.ts'
import { type GlanceShown, toGlanceContent } from './glance.ts'

/** Who gets to see what is pushed. */
export interface GlanceAudience {
  /** A room by its id, or `all`. Default: the room that the context is about; without one, all. */
  readonly room?: number | 'all' | undefined
  /** One user by id. Default: everybody. */
  readonly user?: number | undefined
}

/** Pushes what glances show to the clients that are open now. Others ask the handler of the glance. */
export interface Glances {
  /** Replaces what a glance shows: label, status and metadata as a whole. */
  push(key: string, shown: GlanceShown, audience?: GlanceAudience): Promise<void>
  /** Several glances at once, by their keys. */
  push(glances: Readonly<Record<string, GlanceShown>>, audience?: GlanceAudience): Promise<void>
}

/** What pushing needs to know of an installation. */
export interface Pushing {
  readonly installation: { readonly oauthId: string; readonly roomId: number | undefined }
  readonly client: Client<Scope>
  /** Does what `what` names; see `guard` of the installation's services. */
  guard<T>(what: string, work: () => Promise<T>): Promise<T>
  /** Keys of the glances that are registered. */
  keys(): Iterable<string>
}

const checks: Checks<GlanceAudience> = {
  room: expecting("a room's id or all", (value) => Number.isSafeInteger(value) || value === 'all'),
  user: expecting("a user's id", Number.isSafeInteger),
}

/** Pushes as an installation; `about` is the room that the context is about. */
export function createGlances(pushing: Pushing, about: number | undefined): Glances {
  async function push(contents: readonly (readonly [string, unknown])[], audience: unknown): Promise<void> {
    const { installation, client } = pushing
    checkOptions<GlanceAudience>('glance.push', audience, checks)
    const body = { glance: contents.map(([key, shown]) => ({ key, content: contentOf(key, shown) })) }
    if (body.glance.length === 0) return
    const room = audience.room ?? about ?? installation.roomId ?? 'all'
    const { user } = audience
    if (room === 'all' && installation.roomId !== undefined)
      throw new RoomInstallationError(
        `glance.push: installation ${installation.oauthId} is of room ${installation.roomId}, and may push to that room only; to push to all rooms, install the add-on for the whole group`,
      )
    if (room !== 'all')
      await (user === undefined
        ? client.roomAddonUiUpdate({ ...body, id_or_name: room })
        : client.userInRoomAddonUiUpdate({ ...body, id_or_name: room, id_or_email: user }))
    else
      await (user === undefined
        ? client.addonUiUpdate(body)
        : client.userAddonUiUpdate({ ...body, id_or_email: user }))
  }

  function contentOf(key: string, shown: unknown) {
    const known = [...pushing.keys()]
    if (!known.includes(key))
      throw new ConfigurationError(
        `glance.push: there is no glance ${JSON.stringify(key)}; ${known.length > 0 ? `there are ${known.join(', ')}` : 'none is registered'}`,
      )
    return toGlanceContent(`glance ${key}`, shown)
  }

  return {
    push: (first: string | Readonly<Record<string, GlanceShown>>, second?: unknown, third?: GlanceAudience) =>
      pushing.guard('glance.push', async () => {
        if (typeof first === 'string') return push([[first, second]], third ?? {})
        if (typeof first !== 'object' || first === null)
          throw new ConfigurationError(
            `glance.push: expected the key of a glance, or an object of several; got ${typeName(first)}`,
          )
        return push(Object.entries(first), second ?? {})
      }),
  }
}
