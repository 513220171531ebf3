import { randomUUID } from 'node:crypto'
import type { Descriptor } from '../../api/descriptor.ts'
import type { Scope } from '../../api/scopes.ts'
import { createKeyedQueue } from '../../common/keyed-queue.ts'
import type { Outbound } from '../../common/outbound.ts'
import { randomText } from '../../common/random.ts'
import { requireForAddon } from '../auth/maker-rights.ts'
import { endTokensBeyond } from '../auth/tokens.ts'
import { nowMicros } from '../dates.ts'
import { badRequest } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ClientRecord, InstallableRecord, Maker, RoomRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { type Callbacks, createCallbacks, signatureFor } from './callbacks.ts'
import { addDeclaredWebhooks, replaceDeclaredWebhooks } from './declared-webhooks.ts'
import { clientFrom, fetchDescriptor, toldOrigins } from './descriptors.ts'
import { createInstallables, isForgotten, type Redirect } from './installables.ts'
import { checkApproved, checkCount, checkPlace, limited, mayStillInstall } from './installation-rules.ts'
import type { Queues } from './queues.ts'

/** Installs, updates and removes add-ons. */
export interface Installer {
  /**
   * Installs an add-on from the address of its descriptor, in a room or for the group. If it is already installed
   * there, this is an update. Throws 400 with the reason, and leaves everything as it was, when the add-on cannot
   * be installed or does not confirm.
   */
  install(request: InstallRequest): Promise<Installed>
  /** What installing would do: the current descriptor, and the installation that it would update. */
  propose(request: Pick<InstallRequest, 'url' | 'room' | 'by' | 'authorize'>): Promise<Proposal>
  /**
   * Revokes the client first and then notifies the add-on, whose answer cannot prevent it. `authorize` throws when
   * the caller may no longer do it.
   */
  uninstall(client: ClientRecord, authorize?: () => void): Promise<void>
  /** Returns the document of an `installable_url`, once. Reading it completes an installation in the browser. */
  readInstallable(key: string, token: string): Promise<InstallableRecord['document'] | undefined>
  /** Addresses that a browser must be sent to after a removal, newest last. */
  redirects(): readonly Redirect[]
}

/** An installation to make. */
export interface InstallRequest {
  readonly url: string
  readonly room?: RoomRecord
  /** Who approves the installation: the add-on gets no more rights than they have. */
  readonly by: Maker
  /** Throws when the approver may no longer install the add-on. Called after every wait. */
  readonly authorize?: () => void
  /**
   * The scopes that the approver was shown: a descriptor that asks for more by now is refused. Not compared when
   * absent.
   */
  readonly approved?: readonly string[]
  /** The scopes to grant, out of those that the descriptor asks for. Default: all of them. */
  readonly granted?: readonly Scope[]
  /** From the link that led to the installation; sent to the add-on unchanged. */
  readonly relayState?: string
}

/** What installing an add-on would do. */
export interface Proposal {
  readonly document: Descriptor
  readonly existing: ClientRecord | undefined
}

/** An installation that was made or updated. */
export interface Installed {
  readonly client: ClientRecord
  /** Where the browser must go next. The installation is complete once the add-on has read its document. */
  readonly installedUrl?: string
}

/** What installing needs from the server. */
export interface InstallerOptions {
  readonly state: State
  readonly outbound: Outbound
  readonly queues: Queues
  readonly log: Log
  /** Milliseconds for the descriptor, and again for the callback. */
  readonly timeout: number
  readonly signal: AbortSignal
  publicUrl(): string
}

export function createInstaller(options: InstallerOptions): Installer {
  const { state, log, publicUrl } = options
  const callbacks: Callbacks = createCallbacks(options)
  // By add-on and place: two installations at the same time would both find the place free.
  const installing = createKeyedQueue()
  const installables = createInstallables(state, publicUrl)
  const { documentOf, redirectTo } = installables

  async function propose({
    url,
    room,
    by,
    authorize = always,
  }: Pick<InstallRequest, 'url' | 'room' | 'by' | 'authorize'>): Promise<Proposal> {
    const document = await fetchDescriptor({ ...options, url })
    authorize()
    checkPlace(document, room)
    requireForAddon(document, by)
    return { document, existing: state.clients.installed(document.key, room?.id ?? null) }
  }

  async function install(request: InstallRequest): Promise<Installed> {
    const { document: served } = await propose(request)
    const document = limited(served, request.granted)
    checkApproved(document, request.approved)
    const roomId = request.room?.id ?? null
    return installing.run(`${document.key} ${roomId}`, async () => {
      const existing = state.clients.installed(document.key, roomId)
      const installed = existing ? await update(existing, document, request) : await create(document, request)
      log.info(
        { key: document.key, oauthId: installed.client.oauthId, room: roomId, by: request.by.userId },
        existing ? 'add-on updated' : 'add-on installed',
      )
      return installed
    })
  }

  /** Creates a client that works at once: the add-on asks for a token while its callback is still running. */
  async function create(document: Descriptor, request: InstallRequest): Promise<Installed> {
    const { room, relayState, by: maker, authorize = always } = request
    const installable = document.capabilities?.installable
    const pending = await state.write(() => {
      authorize()
      for (const other of state.clients.all()) if (isForgotten(other)) state.clients.remove(other)
      checkCount(state.clients.all(), document.key, room)
      const client: ClientRecord = {
        ...clientFrom(document),
        oauthId: randomUUID(),
        number: state.next('client'),
        secret: randomText(40),
        key: document.key,
        roomId: room?.id ?? null,
        maker,
        status: 'pending',
        created: nowMicros(),
      }
      state.clients.put(client)
      return client
    })
    if (installable?.callbackUrl !== undefined) {
      let told = false
      try {
        await callbacks.install(installable.callbackUrl, { ...documentOf(pending), ...relayed(relayState) })
        told = true
        return { client: await confirm(pending, authorize) }
      } catch (error) {
        await state.write(() => state.clients.remove(pending))
        if (told) sayGoodBye(pending) // it confirmed, and would wait for an installation that never comes
        log.warn(
          { key: pending.key, error: error instanceof Error ? error.message : 'failed' },
          'installation refused',
        )
        throw error
      }
    }
    if (installable?.installedUrl !== undefined) {
      const installedUrl = await redirectTo('installed', installable.installedUrl, pending, relayState)
      return { client: pending, installedUrl }
    }
    return { client: await confirm(pending, authorize) }
  }

  /**
   * Makes a pending client the installation of its place; the one before is revoked and notified. The approver may
   * have been deleted since, or may no longer install there.
   */
  async function confirm(pending: ClientRecord, authorize: () => void): Promise<ClientRecord> {
    const confirmed = await state.write(() => {
      authorize()
      const current = state.clients.get(pending.oauthId)
      if (!current || (current.roomId !== null && !state.rooms.get(current.roomId)))
        throw badRequest('The installation was removed before the add-on confirmed it')
      if (!mayStillInstall(current, state))
        throw badRequest('The person who approved the installation may no longer install there')
      const before = state.clients.installed(current.key, current.roomId)
      if (before) state.clients.remove(before)
      const live: ClientRecord = { ...current, status: 'live' }
      state.clients.put(live)
      state.clients.occupy(live)
      addDeclaredWebhooks(state, live)
      return { live, old: before }
    })
    if (confirmed.old) sayGoodBye(confirmed.old)
    return confirmed.live
  }

  async function update(
    existing: ClientRecord,
    document: Descriptor,
    request: InstallRequest,
  ): Promise<Installed> {
    const { by, authorize = always } = request
    const installable = document.capabilities?.installable
    // The key proves nothing: a descriptor with this key from elsewhere gets credentials of its own, not those of
    // the add-on.
    const told = toldOrigins(existing.descriptor)
    const hasCredentials = (url: string) => told.has(new URL(url).origin)
    if (installable?.updateCallbackUrl !== undefined && hasCredentials(installable.updateCallbackUrl)) {
      // The new scopes apply while the callback runs, so that the tokens it asks for have them.
      await state.write(() => {
        authorize()
        checkThere(existing)
        state.clients.put({ ...existing, scopes: clientFrom(document).scopes })
      })
      const { oauthSecret: _, ...known } = documentOf(existing)
      try {
        await callbacks.update(
          installable.updateCallbackUrl,
          { ...known, ...relayed(request.relayState) },
          signatureFor(existing),
        )
        return { client: await replaceDescriptor(existing, document, by, authorize) }
      } catch (error) {
        await state.write(() => {
          if (!state.clients.get(existing.oauthId)) return
          state.clients.put(existing)
          endTokensBeyond(state, existing)
        })
        throw error
      }
    }
    if (installable?.callbackUrl !== undefined) return create(document, request)
    if (installable?.updatedUrl !== undefined && hasCredentials(installable.updatedUrl)) {
      const client = await replaceDescriptor(existing, document, by, authorize)
      return {
        client,
        installedUrl: await redirectTo('updated', installable.updatedUrl, client, request.relayState),
      }
    }
    if (installable?.installedUrl !== undefined) return create(document, request)
    if (told.size > 0)
      throw badRequest(
        `An add-on with the key ${document.key} is already installed here, and this descriptor has no address of that add-on to send the update to`,
        'capabilities.installable',
      )
    return { client: await replaceDescriptor(existing, document, by, authorize) }
  }

  const replaceDescriptor = (
    existing: ClientRecord,
    document: Descriptor,
    maker: Maker,
    authorize: () => void,
  ): Promise<ClientRecord> =>
    state.write(() => {
      authorize()
      checkThere(existing)
      const client = { ...existing, ...clientFrom(document), maker }
      state.clients.put(client)
      replaceDeclaredWebhooks(state, client)
      endTokensBeyond(state, client)
      return client
    })

  function checkThere({ oauthId }: ClientRecord): void {
    if (!state.clients.get(oauthId))
      throw badRequest('The installation was removed before the add-on confirmed its update')
  }

  async function uninstall({ oauthId }: ClientRecord, authorize: () => void = always): Promise<void> {
    // Revoked first, so that the add-on can verify the removal by asking for a token.
    const client = await state.write(() => {
      authorize()
      const current = state.clients.get(oauthId)
      if (current) state.clients.remove(current)
      return current
    })
    if (!client) return // another call was faster, and notifies the add-on
    log.info({ key: client.key, oauthId: client.oauthId, room: client.roomId }, 'add-on uninstalled')
    if (client.status === 'pending') return // it was never notified of being installed
    sayGoodBye(client)
    const uninstalledUrl = client.descriptor.capabilities?.installable?.uninstalledUrl
    if (uninstalledUrl !== undefined) await redirectTo('uninstalled', uninstalledUrl, client)
  }

  /** Queued behind the deliveries that are still waiting for the add-on, so that the removal is the last. */
  function sayGoodBye(client: ClientRecord): void {
    const url = client.descriptor.capabilities?.installable?.callbackUrl
    if (url === undefined) return
    options.queues.last(client.oauthId, async () => {
      const failure = await callbacks.remove(url, client)
      if (failure) log.warn({ key: client.key, oauthId: client.oauthId, error: failure }, 'DELETE callback')
    })
  }

  async function readInstallable(key: string, token: string) {
    const found = await installables.take(key, token)
    if (!found) return undefined
    if (found.confirms) {
      const pending = state.clients.get(found.oauthId)
      if (!pending) return undefined
      try {
        await confirm(pending, always)
      } catch (error) {
        await state.write(() => state.clients.remove(pending)) // its document was read, and cannot be read again
        throw error
      }
    }
    return found.document
  }

  return { install, propose, uninstall, readInstallable, redirects: installables.redirects }
}

/** No check. */
const always = (): void => undefined

/** HipChat's guide names the parameter of a link but not how it is passed on; in a callback it is a member. */
const relayed = (relayState: string | undefined) => (relayState === undefined ? {} : { relayState })
