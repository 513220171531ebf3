import { randomUUID } from 'node:crypto'
import { capabilitiesUrl } from '../../api/capabilities.ts'
import { type Descriptor, placesOf, webhooksOf } from '../../api/descriptor.ts'
import { events } from '../../api/events.ts'
import type { Scope } from '../../api/scopes.ts'
import { createKeyedQueue } from '../../common/keyed-queue.ts'
import type { Outbound } from '../../common/outbound.ts'
import { hashOf, randomText } from '../../common/random.ts'
import { approvedBy, mayLearn, requireForAddon } from '../auth/delegation.ts'
import { mayRun, maySee } from '../auth/room-rights.ts'
import { endTokensBeyond } from '../auth/tokens.ts'
import { nowMicros } from '../dates.ts'
import { badRequest } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ClientRecord, InstallableRecord, Maker, RoomRecord, WebhookRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { type Callbacks, createCallbacks, signatureFor } from './callbacks.ts'
import { fetchDescriptor, toldOrigins } from './descriptors.ts'
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

/**
 * Some notifications reach add-ons through the browser of the person who acts. An API call has no browser: this is
 * the address it would have been sent to.
 */
export interface Redirect {
  /** What happened to the installation. */
  readonly reason: 'installed' | 'updated' | 'uninstalled'
  /** OAuth id of the installation. */
  readonly oauthId: string
  /** Address, with all parameters. */
  readonly url: string
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

const documentLifetime = 10 * 60_000

export function createInstaller(options: InstallerOptions): Installer {
  const { state, log, publicUrl } = options
  const callbacks: Callbacks = createCallbacks(options)
  // By add-on and place: two installations at the same time would both find the place free.
  const installing = createKeyedQueue()
  const redirects: Redirect[] = []

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
      const installedUrl = await redirectUrl('installed', installable.installedUrl, pending, relayState)
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
      if (!mayInstall(current))
        throw badRequest('The person who approved the installation may no longer install there')
      const before = state.clients.installed(current.key, current.roomId)
      if (before) state.clients.remove(before)
      const live: ClientRecord = { ...current, status: 'live' }
      state.clients.put(live)
      state.clients.occupy(live)
      addWebhooks(live)
      return { live, old: before }
    })
    if (confirmed.old) sayGoodBye(confirmed.old)
    return confirmed.live
  }

  function mayInstall({ maker, roomId }: ClientRecord): boolean {
    if (maker === undefined || maker.userId === null) return true
    const user = state.people.get(maker.userId)
    if (!user || user.isDeleted) return false
    if (roomId === null) return user.isAdmin
    const room = state.rooms.get(roomId)
    return room !== undefined && maySee(room, { user }) && mayRun(room, user)
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
        installedUrl: await redirectUrl('updated', installable.updatedUrl, client, request.relayState),
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
      for (const webhook of state.webhooks.ownedBy({ oauthId: client.oauthId }))
        if (endsWithUpdate(webhook, client)) state.webhooks.remove(webhook)
      addWebhooks(client)
      endTokensBeyond(state, client)
      return client
    })

  function checkThere({ oauthId }: ClientRecord): void {
    if (!state.clients.get(oauthId))
      throw badRequest('The installation was removed before the add-on confirmed its update')
  }

  function addWebhooks(client: ClientRecord): void {
    for (const webhook of webhooksOf(client.descriptor)) {
      const id = state.next('webhook')
      state.webhooks.put({
        id,
        owner: { oauthId: client.oauthId },
        roomId: client.roomId,
        event: webhook.event,
        url: webhook.url,
        pattern: events[webhook.event].pattern ? (webhook.pattern ?? null) : null,
        name: webhook.name ?? null,
        key: webhook.key ?? String(id),
        authentication: webhook.authentication ?? 'none', // the default of HipChat's descriptor schema
        declared: true,
        created: nowMicros(),
      })
    }
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
    if (uninstalledUrl !== undefined) await redirectUrl('uninstalled', uninstalledUrl, client)
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

  /** Creates a one-time document, and returns the address that the browser is sent to with it. */
  async function redirectUrl(
    reason: Redirect['reason'],
    address: string,
    client: ClientRecord,
    relayState?: string,
  ): Promise<string> {
    const token = randomText(40) // 238 bits
    await state.write(() => {
      state.installables.removeExpired() // each contains a secret
      state.installables.put(hashOf(token), {
        key: client.key,
        oauthId: client.oauthId,
        document: documentOf(client),
        confirms: reason === 'installed',
        expires: Date.now() + documentLifetime,
      })
    })
    const url = new URL(address)
    url.searchParams.set('redirect_url', `${publicUrl()}/`)
    url.searchParams.set(
      'installable_url',
      `${publicUrl()}/v2/addon/${encodeURIComponent(client.key)}/installable/${token}`,
    )
    if (relayState !== undefined) url.searchParams.set('relayState', relayState)
    redirects.push({ reason, oauthId: client.oauthId, url: url.href })
    if (redirects.length > 100) redirects.shift()
    return url.href
  }

  async function readInstallable(key: string, token: string) {
    const hash = hashOf(token)
    const found = await state.write(() => {
      const record = state.installables.get(hash)
      if (record?.key !== key) return undefined
      state.installables.remove(hash)
      return record.expires > Date.now() ? record : undefined
    })
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

  const documentOf = (client: ClientRecord): InstallableRecord['document'] => ({
    oauthId: client.oauthId,
    oauthSecret: client.secret,
    capabilitiesUrl: capabilitiesUrl(publicUrl()),
    groupId: state.group()?.id ?? 0,
    ...(client.roomId === null ? {} : { roomId: client.roomId }),
  })

  return { install, propose, uninstall, readInstallable, redirects: () => redirects }
}

/** Begun in a browser and never completed: its document can no longer be read. */
const isForgotten = ({ status, created }: ClientRecord): boolean =>
  status === 'pending' && created / 1000 < Date.now() - 2 * documentLifetime

/** No check. */
const always = (): void => undefined

/**
 * Whether an update removes a webhook: those that the old descriptor declared, and those created through the API
 * that the add-on could no longer create.
 */
function endsWithUpdate({ declared, roomId, event }: WebhookRecord, client: ClientRecord): boolean {
  if (declared) return true
  const needed = roomId === null ? 'admin_group' : 'admin_room'
  return !client.scopes.includes(needed) || !mayLearn(event, approvedBy(client))
}

function checkPlace(document: Descriptor, room: RoomRecord | undefined): void {
  const places = placesOf(document)
  if (room && !places.room)
    throw badRequest('The add-on can only be installed for the whole group (allowRoom is false)', 'room_id')
  if (!room && !places.global)
    throw badRequest('The add-on can only be installed in a room (allowGlobal is false)', 'room_id')
}

/**
 * Most add-ons in one room, or for the whole group. Each is notified of every message there, and is part of the
 * chat page's requests.
 */
const mostInstalled = 100

/** 400 when a further add-on would exceed {@link mostInstalled}. */
function checkCount(clients: readonly ClientRecord[], key: string, room: RoomRecord | undefined): void {
  const there = new Set(
    clients.filter(({ roomId }) => roomId === (room?.id ?? null)).map((client) => client.key),
  )
  if (there.size >= mostInstalled && !there.has(key))
    throw badRequest(
      `${room ? `Room ${room.name}` : 'The group'} has ${there.size} add-ons already, expected fewer than ${mostInstalled}`,
    )
}

/** The descriptor may have changed since it was shown for approval. */
function checkApproved(document: Descriptor, approved: readonly string[] | undefined): void {
  const more = clientFrom(document).scopes.filter((scope) => approved && !approved.includes(scope))
  if (more.length > 0)
    throw badRequest(`The descriptor asks for more than was approved: ${more.join(', ')}`, 'scopes')
}

/** The descriptor, asking only for the scopes that are granted. */
function limited(document: Descriptor, granted: readonly Scope[] | undefined): Descriptor {
  const consumer = document.capabilities?.hipchatApiConsumer
  if (!granted || !consumer) return document
  const scopes = consumer.scopes.filter((scope) => granted.includes(scope))
  return {
    ...document,
    capabilities: { ...document.capabilities, hipchatApiConsumer: { ...consumer, scopes } },
  }
}

/** HipChat's guide names the parameter of a link but not how it is passed on; in a callback it is a member. */
const relayed = (relayState: string | undefined) => (relayState === undefined ? {} : { relayState })

/** The members of an installation that come from the descriptor. */
const clientFrom = (document: Descriptor) => ({
  name: document.name,
  fromName: document.capabilities?.hipchatApiConsumer?.fromName || document.name,
  scopes: [...new Set(document.capabilities?.hipchatApiConsumer?.scopes ?? [])],
  descriptor: document,
})
