import { type Descriptor, webhooksOf } from '../../api/descriptor.ts'
import { createPace } from '../../common/next-turn.ts'
import { overlapWarnings } from '../addons/overlaps.ts'
import { mayRun } from '../auth/room-rights.ts'
import { notFound } from '../errors.ts'
import type { ClientRecord, RoomRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import type { PageIntegration, PageModule } from './routes.ts'

type Capabilities = NonNullable<Descriptor['capabilities']>

const usualWeight = 100 // from HipChat's schema

/** Whether a confirmed installation belongs to a room or to the whole group; without a room: to the group. */
export const isInstalledFor = (room: RoomRecord | undefined, { status, roomId }: ClientRecord): boolean =>
  status === 'live' && (roomId === null || roomId === room?.id)

/** Characters of JSON in one answer. A descriptor may have a quarter of a megabyte, and a room two hundred of them. */
const largestPart = 512 * 1024
const largestInTurn = 16 * 1024
const leastOfItem = 4 * 1024 // counted also for a smaller one: the cost of making it

/**
 * Applies `show` to the confirmed installations of a room (including those of the group), or without a room to
 * those of the whole group: ordered by OAuth id, after a given one, as many as fit in one answer. The items of an
 * installation stay together.
 */
export async function installationsPart<T>(
  room: RoomRecord | undefined,
  { clients }: State,
  after: string | undefined,
  show: (client: ClientRecord) => Iterable<T>,
): Promise<{ items: T[]; next: string | null }> {
  const all = [...clients.idsOf(null), ...(room ? clients.idsOf(room.id) : [])].sort()
  const ids = after === undefined ? all : all.filter((id) => id > after)
  const pace = createPace(largestInTurn)
  const items: T[] = []
  let size = 0
  for (const id of ids) {
    const client = clients.get(id)
    if (client && isInstalledFor(room, client))
      for (const item of show(client)) {
        const length = JSON.stringify(item).length
        items.push(item)
        size += length
        await pace(Math.max(length, leastOfItem))
      }
    if (size >= largestPart && id !== ids.at(-1)) return { items, next: id }
  }
  return { items, next: null }
}

/** An installation as the page shows it to a user in a room. */
export function shownIntegration(
  client: ClientRecord,
  user: UserRecord,
  room: RoomRecord | undefined,
  state: State,
): PageIntegration {
  const { descriptor } = client
  const { capabilities, vendor, links } = descriptor
  return {
    oauth_id: client.oauthId,
    addon_key: client.key,
    name: client.name,
    from_name: client.fromName,
    description: descriptor.description,
    vendor: vendor?.name ?? null,
    descriptor: links.self,
    homepage: links.homepage ?? null,
    icon: iconOf(capabilities?.hipchatApiConsumer?.avatar ?? descriptor.icon),
    room_id: client.roomId,
    scopes: [...client.scopes],
    modules: modulesOf(descriptor),
    commands: commandsOf(descriptor),
    configurable: mayConfigure(client, user, room),
    admin_page: capabilities?.adminPage !== undefined && user.isAdmin,
    removable: user.isAdmin || (client.roomId !== null && room !== undefined && mayRun(room, user)),
    warnings: warningsOf(client, user, room, state),
    created: client.created,
  }
}

/** In a room, the warning for an add-on of the group only says whether it is installed there too. */
function warningsOf(
  client: ClientRecord,
  user: UserRecord,
  room: RoomRecord | undefined,
  state: State,
): string[] {
  const isOfGroup = client.roomId === null
  if (isOfGroup && room && !state.clients.installed(client.key, room.id)) return []
  return overlapWarnings(client, isOfGroup ? undefined : room, { user }, state)
}

/**
 * A global add-on is configured by administrators, and in each room by its administrators if the descriptor allows
 * that.
 */
export function mayConfigure(client: ClientRecord, user: UserRecord, room: RoomRecord | undefined): boolean {
  const configurable = client.descriptor.capabilities?.configurable
  if (!configurable) return false
  if (user.isAdmin) return true
  return (
    room !== undefined &&
    mayRun(room, user) &&
    (client.roomId !== null || configurable.allowAccessToRoomAdmins === true)
  )
}

/** All modules that are shown in a room, ordered by weight, with plain strings for their texts. */
export function modulesOf({ capabilities = {} }: Descriptor): PageModule[] {
  const found = kinds.flatMap((kind) => kind(capabilities))
  return found.map((module) => ({ ...blank, ...module })).sort((one, other) => one.weight - other.weight)
}

/** Finds a module of an add-on by its key. */
export function moduleOf(client: ClientRecord, key: string): PageModule {
  const found = modulesOf(client.descriptor).find((module) => module.key === key)
  if (!found) throw notFound('Module', key)
  return found
}

const blank: Omit<PageModule, 'key' | 'type' | 'name'> = {
  location: null,
  url: null,
  authentication: 'jwt',
  target: null,
  icon: null,
  weight: usualWeight,
  conditions: [],
  options: null,
}

/**
 * The commands that people can type, read from the patterns of an add-on's webhooks: `^/roll\\b`,
 * `^\\/(?:roll|dice)`. A pattern that does not begin with a slash and names yields none.
 */
export function commandsOf(descriptor: Descriptor): string[] {
  const found = webhooksOf(descriptor).flatMap(({ event, pattern = '' }) => {
    if (event !== 'room_message') return []
    const [, several, one] =
      /^(?:\(\?[a-z]+\))?(?:\^|\\A)\\?\/(?:\((?:\?:)?([\w|-]+)\)|([A-Za-z][\w-]*))(?![?*+{|\w-])/.exec(
        pattern,
      ) ?? []
    return (several ?? one ?? '').split('|').filter((name) => /^[A-Za-z]/.test(name))
  })
  return [...new Set(found)].map((name) => `/${name}`)
}

type Found = Pick<PageModule, 'key' | 'type' | 'name'> & Partial<PageModule>

const kinds: readonly ((capabilities: Capabilities) => Found[])[] = [
  ({ glance = [] }) =>
    glance.map(({ key, name, icon, queryUrl, target, weight, conditions }) => ({
      ...common({ key, weight, conditions }),
      type: 'glance',
      name: name.value,
      url: queryUrl ?? null,
      target: targetOf(target),
      icon: iconOf(icon),
    })),
  ({ webPanel = [] }) =>
    webPanel.map(({ key, name, location, url, icon, weight, authentication, conditions }) => ({
      ...common({ key, weight, conditions }),
      type: 'webPanel',
      name: name.value,
      location,
      url,
      icon: iconOf(icon),
      authentication: authentication ?? 'jwt',
    })),
  ({ dialog = [] }) =>
    dialog.map(({ key, title, url, authentication, options }) => ({
      ...common({ key }),
      type: 'dialog',
      name: title.value,
      url,
      authentication: authentication ?? 'jwt',
      options: options ? flattened(options) : null,
    })),
  ({ action = [] }) =>
    action.map(({ key, name, location, target, weight, conditions }) => ({
      ...common({ key, weight, conditions }),
      type: 'action',
      name: name.value,
      location,
      target: targetOf(target),
    })),
  ({ externalPage = [] }) =>
    externalPage.map(({ key, name, url }) => ({
      ...common({ key }),
      type: 'externalPage',
      name: name?.value ?? key,
      url,
    })),
]

interface Common {
  readonly key: string
  readonly weight?: number | undefined
  readonly conditions?: readonly unknown[] | undefined
}

// HipChat's client treated a weight of 0 as no weight.
const common = ({ key, weight, conditions = [] }: Common) => ({
  key,
  weight: weight || usualWeight,
  conditions: [...conditions],
})

const targetOf = (target: string | { key: string; options?: Record<string, unknown> } | undefined) =>
  typeof target === 'string' ? { key: target } : (target ?? null)

function iconOf(icon: unknown): PageModule['icon'] {
  if (typeof icon === 'string') return { url: icon }
  if (typeof icon !== 'object' || icon === null || !('url' in icon) || typeof icon.url !== 'string')
    return null
  const large = 'url@2x' in icon ? icon['url@2x'] : undefined
  return { url: icon.url, ...(typeof large === 'string' ? { 'url@2x': large } : {}) }
}

/** The options of a dialog with plain strings, as its own page gives them when it changes them later. */
function flattened(options: Record<string, unknown>): Record<string, unknown> {
  const flat = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(flat)
    if (typeof value !== 'object' || value === null) return value
    if ('value' in value && typeof value.value === 'string') return value.value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, flat(member)]))
  }
  return flat(options) as Record<string, unknown> // an object without a `value` of its own: its schema is closed
}
