import { createSecretKey, type KeyObject } from 'node:crypto'
import { isScope, type Scope } from '../api/scopes.ts'
import type { Sealing } from '../store/sealing.ts'
import type { Store } from '../store/store.ts'

/**
 * The add-on, installed in a group or a room. Contains no secret: it may be logged, serialised and passed on.
 */
export interface Installation {
  /** Id of this installation's OAuth client, and the issuer of its signed requests. */
  readonly oauthId: string
  /** HipChat's id of the group. Some servers do not send it at installation; then it comes with the first token. */
  readonly groupId: number | undefined
  /** Name of the group; `undefined` if the token endpoint did not send it. */
  readonly groupName: string | undefined
  /** Id of the room that the add-on was installed in; `undefined` for a global installation. */
  readonly roomId: number | undefined
  /** Address of the server's capabilities document. */
  readonly capabilitiesUrl: string
  /** Base address of the REST API, with a slash at the end. */
  readonly apiUrl: string
  /** Address of the token endpoint. */
  readonly tokenUrl: string
  /** The server's web address, if its capabilities document names one. */
  readonly homepage: string | undefined
  /** The approved scopes, which are those of the last access token. A changed descriptor has no effect until an update. */
  readonly scopes: readonly Scope[]
  /** ETag of the descriptor that the add-on served at installation or at the last update. */
  readonly descriptorEtag: string
  /** When the add-on was installed. */
  readonly installedAt: Date
  /** When the installation last changed; at first the same as `installedAt`. */
  readonly updatedAt: Date
  /**
   * When the token endpoint first rejected the credentials; `undefined` while it accepts them. The add-on was probably
   * removed without notice. The installation is kept, since servers are restored from backups and make mistakes.
   */
  readonly rejectedSince: Date | undefined
}

/** An installation with its secret. The secret is held only as a key object, which never prints its bytes. */
export interface Credentials {
  readonly installation: Installation
  /** Key of the signed requests; its bytes are the `oauthSecret`. */
  readonly key: KeyObject
  /** Set while its hooks run. If it is still set later, the process ended during the hooks and the server got no answer. */
  readonly unconfirmed?: boolean
  /** ETag of the descriptor for which an unsigned update was already announced, so that it is announced once. */
  readonly announcedEtag?: string
}

/**
 * Whether a string can be the id of an OAuth client: printable ASCII as in RFC 6749, without spaces. HipChat's ids are
 * UUIDs. Other strings are never looked up, since not every string can be a store key.
 */
export const isOauthId = (text: string): boolean => /^[\x21-\x7e]{1,255}$/.test(text)

/** The origin of an installation's server. Ids of users and rooms are only unique within one origin. */
export const originOf = (installation: Installation): string => new URL(installation.capabilitiesUrl).origin

/**
 * Whether two records belong to one installation. An update changes a record. An add-on that was removed and installed
 * again has another installation, even under the same `oauthId`.
 */
export const isSame = (one: Installation, other: Installation): boolean =>
  one === other ||
  (one.oauthId === other.oauthId &&
    one.installedAt.getTime() === other.installedAt.getTime() &&
    originOf(one) === originOf(other))

/** The `oauthSecret`. Only the request to the token endpoint needs it. */
export const secretOf = (credentials: Credentials): string => credentials.key.export().toString('utf8')

/** The `oauthSecret` as the key that signs and verifies requests. */
export const keyOf = (secret: string): KeyObject => createSecretKey(Buffer.from(secret, 'utf8'))

/** The record in the store. Dates are in ISO 8601. */
interface Stored {
  oauthId: string
  secret: string
  groupId?: number
  groupName?: string
  roomId?: number
  capabilitiesUrl: string
  apiUrl: string
  tokenUrl: string
  homepage?: string
  scopes: string[]
  descriptorEtag: string
  installedAt: string
  updatedAt: string
  unconfirmed?: true
  announcedEtag?: string
  rejectedSince?: string
}

/** The add-on's installations, read from and written to its store. */
export interface Installations {
  /** Looks up an installation by its `oauthId`. Reads the store each time, so a removal elsewhere takes effect at once. */
  get(oauthId: string): Promise<Credentials | undefined>
  /**
   * Adds an unconfirmed installation. `get` returns it, so that its hooks can act for it; `all` and `predecessorOf` do
   * not. Returns false and writes nothing if there already is one with this `oauthId`.
   */
  add(credentials: Credentials): Promise<boolean>
  /** Adds it to `all`, as the newest in its group or room. Returns false if it was removed in the meantime. */
  confirm(installation: Installation): Promise<boolean>
  /**
   * Writes an update. Returns false and writes nothing if the installation was removed in the meantime. With `from`, the
   * record that the update is based on, also if another update was faster.
   */
  replace(credentials: Credentials, from?: Installation): Promise<boolean>
  /**
   * Removes an installation and everything kept for it. Returns whether there was one. An installation that was made
   * again under the same `oauthId` is another one, and stays.
   */
  remove(installation: Installation): Promise<boolean>
  /** Records that the credentials were rejected, with the time of the first rejection; or that they work again. */
  mark(installation: Installation, rejected: boolean): Promise<void>
  /** All confirmed installations. */
  all(): AsyncIterable<Installation>
  /**
   * Seals every secret again that is not sealed with the first key, so that older keys can be removed. Returns how many
   * it sealed. Throws if one is sealed with a key that is not given.
   */
  reseal(): Promise<number>
  /** The newest other installation for the same server, group and room (or the same whole group). */
  predecessorOf(installation: Installation): Promise<Credentials | undefined>
}

const keyFor = (oauthId: string): string => `installation:${oauthId}`

/** Prefix of the keys of everything else that is kept for an installation and removed with it. */
export const valuePrefix = (installation: Installation): string =>
  // Encoded: otherwise the keys of `a:b` would start like those of `a` and be removed with them.
  `value:${originOf(installation)}:${encodeURIComponent(installation.oauthId)}:`

/** Begins those keys below {@link valuePrefix} that are not the add-on's own values: the results of steps. */
export const hiddenMark = '\u0001'

/**
 * Name of the queue with the add-on's jobs, schedules and retries. What belongs to an installation has its `oauthId` as its
 * group, and is removed with it.
 */
export const workQueue = 'work'

/** Store key of an installation's access token. */
export const tokenKey = (oauthId: string): string => `token:${oauthId}`

const placeKey = (installation: Installation): string =>
  `place:${originOf(installation)}:${installation.groupId ?? '?'}:${installation.roomId ?? 'global'}`

// Enough for one process. Beyond it the oldest entry is dropped, and parsed again when it is needed.
const mostCached = 10_000

/** Keeps installations in the store, with their secrets sealed. */
export function createInstallations(store: Store, sealing: Sealing): Installations {
  // Parsing a record and creating its key cost more than the look-up. The stored string is compared each time, so that
  // a change by another process is never missed.
  const parsed = new Map<string, { text: string; credentials: Credentials }>()

  function parse(oauthId: string, text: string): Credentials {
    const cached = parsed.get(oauthId)
    if (cached?.text === text) return cached.credentials
    const credentials = fromStored(JSON.parse(text) as Stored, sealing) // only `add` and `replace` write these
    if (parsed.size >= mostCached) for (const oldest of parsed.keys()) if (parsed.delete(oldest)) break
    parsed.set(oauthId, { text, credentials })
    return credentials
  }

  async function get(oauthId: string): Promise<Credentials | undefined> {
    if (!isOauthId(oauthId)) return undefined
    const text = await store.get(keyFor(oauthId))
    if (text !== undefined) return parse(oauthId, text)
    parsed.delete(oauthId)
    return undefined
  }

  /** Changes an existing record; returns false if it is gone. */
  async function change(oauthId: string, to: (text: string) => string): Promise<boolean> {
    const text = await store.update(keyFor(oauthId), (current) =>
      current === undefined ? undefined : to(current),
    )
    return text !== undefined
  }

  async function removeValues(installation: Installation): Promise<void> {
    for await (const [key] of store.entries(valuePrefix(installation))) await store.delete(key)
    await store.queue?.(workQueue).removeGroup(installation.oauthId)
  }

  return {
    get,

    async add(credentials) {
      const text = JSON.stringify(toStored({ ...credentials, unconfirmed: true }, sealing))
      let known = false
      await store.update(keyFor(credentials.installation.oauthId), (current) => {
        known = current !== undefined // may run again; the last run counts
        return current ?? text
      })
      return !known
    },

    async confirm(installation) {
      const confirmed = (text: string): string => {
        const { unconfirmed: _, ...stored } = JSON.parse(text) as Stored // written by `add`
        return JSON.stringify(stored)
      }
      if (!(await change(installation.oauthId, confirmed))) return false
      await store.set(placeKey(installation), installation.oauthId)
      return true
    },

    async replace(credentials, from) {
      const { installation } = credentials
      const text = JSON.stringify(toStored(credentials, sealing))
      let replaced = false
      await change(installation.oauthId, (current) => {
        const { installation: there } = parse(installation.oauthId, current)
        replaced = isSame(there, installation) && (!from || isUnchanged(there, from)) // the last run counts
        return replaced ? text : current
      })
      if (!replaced) return false
      // An update may be the first to name the group. If a newer installation holds the place, it keeps it.
      await store.update(placeKey(installation), (holder) => holder ?? installation.oauthId)
      return true
    },

    async mark({ oauthId }, rejected) {
      await change(oauthId, (text) => {
        const { rejectedSince, ...stored } = JSON.parse(text) as Stored // written by `add` and `replace`
        if (!rejected) return JSON.stringify(stored)
        return rejectedSince ? text : JSON.stringify({ ...stored, rejectedSince: new Date().toISOString() })
      })
    },

    // The record is removed last: if this is interrupted, the next removal does the rest.
    async remove(installation) {
      const { oauthId } = installation
      const known = await get(oauthId)
      if (!known || !isSame(known.installation, installation)) return false
      await store.delete(tokenKey(oauthId))
      await removeValues(installation)
      await store.update(placeKey(installation), (holder) => (holder === oauthId ? undefined : holder))
      let removed = false
      await store.update(keyFor(oauthId), (current) => {
        removed = current !== undefined && isSame(parse(oauthId, current).installation, installation)
        return removed ? undefined : current
      })
      parsed.delete(oauthId)
      // Until the record was gone, a handler may still have written values.
      if (removed) await removeValues(installation)
      return removed
    },

    async *all() {
      for await (const [key, text] of store.entries('installation:')) {
        const { installation, unconfirmed } = parse(key.slice('installation:'.length), text)
        if (!unconfirmed) yield installation
      }
    },

    async reseal() {
      let resealed = 0
      for await (const [key, text] of store.entries('installation:')) {
        const { secret } = JSON.parse(text) as Stored // written by `add` and `replace`
        if (sealing.isCurrent(secret)) continue
        const credentials = parse(key.slice('installation:'.length), text)
        const sealed = JSON.stringify(toStored(credentials, sealing))
        await store.update(key, (current) => (current === text ? sealed : current))
        resealed += 1
      }
      return resealed
    },

    async predecessorOf(installation) {
      // Without a group id, two installations may be in two groups, and neither may see the other's values.
      if (installation.groupId === undefined && installation.roomId === undefined) return undefined
      const oauthId = await store.get(placeKey(installation))
      return oauthId && oauthId !== installation.oauthId ? get(oauthId) : undefined
    },
  }
}

/** Whether there was no update since a record was read. Rejected credentials do not count as an update. */
const isUnchanged = (there: Installation, from: Installation): boolean =>
  there.updatedAt.getTime() === from.updatedAt.getTime() && there.capabilitiesUrl === from.capabilitiesUrl

function toStored({ installation, key, unconfirmed, announcedEtag }: Credentials, sealing: Sealing): Stored {
  const { oauthId, groupId, groupName, roomId, homepage, scopes } = installation
  return {
    oauthId,
    secret: sealing.seal(key.export().toString('utf8'), keyFor(oauthId)),
    ...(groupId === undefined ? {} : { groupId }),
    ...(groupName === undefined ? {} : { groupName }),
    ...(roomId === undefined ? {} : { roomId }),
    capabilitiesUrl: installation.capabilitiesUrl,
    apiUrl: installation.apiUrl,
    tokenUrl: installation.tokenUrl,
    ...(homepage === undefined ? {} : { homepage }),
    scopes: [...scopes],
    descriptorEtag: installation.descriptorEtag,
    installedAt: installation.installedAt.toISOString(),
    updatedAt: installation.updatedAt.toISOString(),
    ...(installation.rejectedSince ? { rejectedSince: installation.rejectedSince.toISOString() } : {}),
    ...(unconfirmed ? { unconfirmed } : {}),
    ...(announcedEtag === undefined ? {} : { announcedEtag }),
  }
}

function fromStored(stored: Stored, sealing: Sealing): Credentials {
  const installation: Installation = Object.freeze({
    oauthId: stored.oauthId,
    groupId: stored.groupId,
    groupName: stored.groupName,
    roomId: stored.roomId,
    capabilitiesUrl: stored.capabilitiesUrl,
    apiUrl: stored.apiUrl,
    tokenUrl: stored.tokenUrl,
    homepage: stored.homepage,
    scopes: Object.freeze(stored.scopes.filter(isScope)),
    descriptorEtag: stored.descriptorEtag,
    installedAt: new Date(stored.installedAt),
    updatedAt: new Date(stored.updatedAt),
    rejectedSince: stored.rejectedSince === undefined ? undefined : new Date(stored.rejectedSince),
  })
  return {
    installation,
    key: keyOf(sealing.open(stored.secret, keyFor(stored.oauthId))),
    ...(stored.unconfirmed ? { unconfirmed: true } : {}),
    ...(stored.announcedEtag === undefined ? {} : { announcedEtag: stored.announcedEtag }),
  }
}
