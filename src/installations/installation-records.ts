import { isScope } from '../api/scopes.ts'
import type { Sealing } from '../store/sealing.ts'
import type { Store } from '../store/store.ts'
import { type Credentials, type Installation, isOauthId, isSame, keyOf } from './installation.ts'
import { installationPrefix, keyFor, placeKey, tokenKey, valuePrefix, workQueue } from './store-keys.ts'

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
      for await (const [key, text] of store.entries(installationPrefix)) {
        const { installation, unconfirmed } = parse(key.slice(installationPrefix.length), text)
        if (!unconfirmed) yield installation
      }
    },

    async reseal() {
      let resealed = 0
      for await (const [key, text] of store.entries(installationPrefix)) {
        const { secret } = JSON.parse(text) as Stored // written by `add` and `replace`
        if (sealing.isCurrent(secret)) continue
        const credentials = parse(key.slice(installationPrefix.length), text)
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
