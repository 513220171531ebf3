import { createSecretKey, type KeyObject } from 'node:crypto'
import { isScope, type Scope } from '../api/scopes.ts'
import type { Sealing } from '../store/sealing.ts'
import type { Store } from '../store/store.ts'

/**
 * The add-on, installed in a group or a room. Holds no secret: it may be logged, serialised and handed around.
 */
export interface Installation {
  /** Id of the OAuth client that this installation is; the issuer of its signed requests. */
  readonly oauthId: string
  /** HipChat's id of the group. Not every server says it at installation; then it comes with the first token. */
  readonly groupId: number | undefined
  readonly groupName: string | undefined
  /** The room it was installed in; `undefined` for a global installation. */
  readonly roomId: number | undefined
  /** Where the server's capabilities document is. */
  readonly capabilitiesUrl: string
  /** Base address of the REST API, with a slash at the end. */
  readonly apiUrl: string
  readonly tokenUrl: string
  /** The server's web address, if its capabilities document names one. */
  readonly homepage: string | undefined
  /** What was approved: the scopes of the last access token. A changed descriptor changes nothing here until an update. */
  readonly scopes: readonly Scope[]
  /** ETag of the descriptor that was being served when this was installed or last updated. */
  readonly descriptorEtag: string
  readonly installedAt: Date
  readonly updatedAt: Date
  /**
   * Since when its token endpoint has not known its credentials: it was probably removed without notice. It is kept all
   * the same, since servers come back from backups and mistakes; `undefined` again as soon as they are taken.
   */
  readonly rejectedSince: Date | undefined
}

/** An installation with its secret, in the only form we keep it in memory: a key prints as nothing. */
export interface Credentials {
  readonly installation: Installation
  /** Key of the signed requests; its bytes are the `oauthSecret`. */
  readonly key: KeyObject
  /** Set while its hooks run. Still set later: the process ended amid them, and the server was never told yes. */
  readonly unconfirmed?: boolean
  /** ETag of the descriptor that an update nobody signed was told of: the same one is no news a second time. */
  readonly announcedEtag?: string
}

/**
 * Whether a text can be the id of an OAuth client: printable ASCII, as RFC 6749 has it, and without blanks. HipChat's
 * are UUIDs. What is none is never looked up: not every text can be a key of a store.
 */
export const isOauthId = (text: string): boolean => /^[\x21-\x7e]{1,255}$/.test(text)

/** Where a server is, for telling servers apart: ids of users and rooms mean nothing across this. */
export const originOf = (installation: Installation): string => new URL(installation.capabilitiesUrl).origin

/**
 * Whether two records are of one installation. An update changes a record; one that was removed and installed again, under the
 * same `oauthId` even, is another installation.
 */
export const isSame = (one: Installation, other: Installation): boolean =>
  one === other ||
  (one.oauthId === other.oauthId &&
    one.installedAt.getTime() === other.installedAt.getTime() &&
    originOf(one) === originOf(other))

/** The `oauthSecret`, for the one place that sends it: the token endpoint. */
export const secretOf = (credentials: Credentials): string => credentials.key.export().toString('utf8')

export const keyOf = (secret: string): KeyObject => createSecretKey(Buffer.from(secret, 'utf8'))

/** What is written to the store. Dates as ISO 8601. */
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

export interface Installations {
  /** Looks an installation up by its `oauthId`. Reads the store each time: a removal elsewhere counts at once. */
  get(oauthId: string): Promise<Credentials | undefined>
  /**
   * Writes a new one, unconfirmed: `get` gives it, so that its hooks can act for it, `all` and `predecessorOf` do not.
   * False, and nothing is written, if there is one with this `oauthId`.
   */
  add(credentials: Credentials): Promise<boolean>
  /** Makes it one of `all`, and the newest in its place. False if it was removed meanwhile. */
  confirm(installation: Installation): Promise<boolean>
  /**
   * Writes what an update changed. False, and nothing is written, if it was removed meanwhile, or, where the record is given
   * that the change was made from, if another update was faster.
   */
  replace(credentials: Credentials, from?: Installation): Promise<boolean>
  /**
   * Removes an installation and everything kept for it. True if there was one. One that was installed again under the same
   * `oauthId` is another installation, and stays.
   */
  remove(installation: Installation): Promise<boolean>
  /** Notes that its credentials were rejected, with the time of the first rejection; or that they are taken again. */
  mark(installation: Installation, rejected: boolean): Promise<void>
  all(): AsyncIterable<Installation>
  /**
   * Seals anew what is not sealed with the first key, so that older keys can be given up; says how many that were.
   * Throws if one was sealed with a key that is not given.
   */
  reseal(): Promise<number>
  /** The newest installation for the same server, group and room (or group as a whole), if it is another one. */
  predecessorOf(installation: Installation): Promise<Credentials | undefined>
}

const keyFor = (oauthId: string): string => `installation:${oauthId}`

/** Prefix of everything else that is kept for an installation and goes with it. */
export const valuePrefix = (installation: Installation): string =>
  // Encoded, or the values of `a:b` would begin like those of `a` and go with them.
  `value:${originOf(installation)}:${encodeURIComponent(installation.oauthId)}:`

export const tokenKey = (oauthId: string): string => `token:${oauthId}`

const placeKey = (installation: Installation): string =>
  `place:${originOf(installation)}:${installation.groupId ?? '?'}:${installation.roomId ?? 'global'}`

// Enough for any one process; beyond it the oldest entry is read and parsed anew when it is needed.
const CACHED = 10_000

/** Keeps installations in the store, secrets sealed. */
export function createInstallations(store: Store, sealing: Sealing): Installations {
  // Parsing a record and making its key cost more than the look-up. The text is compared each time, so that a record
  // changed by another process is never missed.
  const parsed = new Map<string, { text: string; credentials: Credentials }>()

  function parse(oauthId: string, text: string): Credentials {
    const cached = parsed.get(oauthId)
    if (cached?.text === text) return cached.credentials
    const credentials = fromStored(JSON.parse(text) as Stored, sealing) // written by `save` and nobody else
    if (parsed.size >= CACHED) for (const oldest of parsed.keys()) if (parsed.delete(oldest)) break
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

  /** Changes a record that is there; false if it is gone. */
  async function change(oauthId: string, to: (text: string) => string): Promise<boolean> {
    const text = await store.update(keyFor(oauthId), (current) =>
      current === undefined ? undefined : to(current),
    )
    return text !== undefined
  }

  async function removeValues(installation: Installation): Promise<void> {
    for await (const [key] of store.entries(valuePrefix(installation))) await store.delete(key)
  }

  return {
    get,

    async add(credentials) {
      const text = JSON.stringify(toStored({ ...credentials, unconfirmed: true }, sealing))
      let known = false
      await store.update(keyFor(credentials.installation.oauthId), (current) => {
        known = current !== undefined // may run again; the last run is the one that counts
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
      // An update may be the first to say which group it is; a place that a newer one has stays with that.
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

    // The record goes last: whatever ends this half-way, the next removal does the rest.
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
      // A handler may have written until the record was gone.
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
        const anew = JSON.stringify(toStored(credentials, sealing))
        await store.update(key, (current) => (current === text ? anew : current))
        resealed += 1
      }
      return resealed
    },

    async predecessorOf(installation) {
      // Two installations for groups that nobody named may be in two groups: neither gets to see the other's values.
      if (installation.groupId === undefined && installation.roomId === undefined) return undefined
      const oauthId = await store.get(placeKey(installation))
      return oauthId && oauthId !== installation.oauthId ? get(oauthId) : undefined
    },
  }
}

/** Whether nothing was updated since a record was read; that its credentials were rejected meanwhile is no update. */
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
