import { randomUUID } from 'node:crypto'
import { type Descriptor, placesOf, webhooksOf } from '../../api/descriptor.ts'
import { events } from '../../api/events.ts'
import type { Scope } from '../../api/scopes.ts'
import type { Outbound } from '../../common/outbound.ts'
import { hashOf, randomText } from '../../common/random.ts'
import { approvedBy, mayLearn, requireForAddon } from '../auth/delegation.ts'
import { mayRun, maySee } from '../auth/room-rights.ts'
import { nowMicros } from '../dates.ts'
import { badRequest } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ClientRecord, InstallableRecord, Maker, RoomRecord, WebhookRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { type Callbacks, createCallbacks, signatureFor } from './callbacks.ts'
import { capabilitiesUrl } from './capabilities-url.ts'
import { fetchDescriptor, toldOrigins } from './descriptors.ts'
import type { Queues } from './queues.ts'

export interface Installer {
  /**
   * Installs an add-on from the address of its descriptor, in a room or for the group. Where it is installed already
   * this is an update. Throws 400, with the reason, and leaves everything as it was, when the add-on cannot be
   * installed or does not confirm.
   */
  install(request: InstallRequest): Promise<Installed>
  /** What installing would mean: the descriptor as it is now, and the installation it would update. */
  propose(request: Pick<InstallRequest, 'url' | 'room' | 'by' | 'authorize'>): Promise<Proposal>
  /**
   * Revokes the client first, then tells the add-on, whose answer cannot stop it. `authorize` throws for a caller who may
   * not do it any more.
   */
  uninstall(client: ClientRecord, authorize?: () => void): Promise<void>
  /** The document behind an `installable_url`, once; reading it completes an installation by browser. */
  readInstallable(key: string, token: string): Promise<InstallableRecord['document'] | undefined>
  /** Where a browser has to be sent after an uninstallation, newest last. */
  redirects(): readonly Redirect[]
}

export interface InstallRequest {
  readonly url: string
  readonly room?: RoomRecord
  /** Who approves: the add-on gets no more than they have. */
  readonly by: Maker
  /** Throws when whoever approves may not any more: asked after every wait. */
  readonly authorize?: () => void
  /** The scopes he was shown: a descriptor that asks for more by now is refused. Not compared when absent. */
  readonly approved?: readonly string[]
  /** Of what the descriptor asks for, the scopes that it gets. All of them when absent. */
  readonly granted?: readonly Scope[]
  /** Comes from the link that led here, and goes to the add-on as it is. */
  readonly relayState?: string
}

export interface Proposal {
  readonly document: Descriptor
  readonly existing: ClientRecord | undefined
}

export interface Installed {
  readonly client: ClientRecord
  /** Where the browser has to go on; the installation is complete once the add-on has read its document. */
  readonly installedUrl?: string
}

/** An add-on is told of some things through the browser of whoever did them. A call has no browser: here is what it missed. */
export interface Redirect {
  readonly reason: 'installed' | 'updated' | 'uninstalled'
  readonly oauthId: string
  readonly url: string
}

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
  const locks = new Map<string, Promise<unknown>>()
  const redirects: Redirect[] = []

  /** Two installations of one add-on in one place at a time would both find the place free. */
  async function alone<T>(place: string, work: () => Promise<T>): Promise<T> {
    const before = locks.get(place) ?? Promise.resolve()
    const mine = before.catch(() => undefined).then(work)
    locks.set(place, mine)
    try {
      return await mine
    } finally {
      if (locks.get(place) === mine) locks.delete(place)
    }
  }

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
    return alone(`${document.key} ${roomId}`, async () => {
      const existing = state.clients.installed(document.key, roomId)
      const installed = existing ? await update(existing, document, request) : await create(document, request)
      log.info(
        { key: document.key, oauthId: installed.client.oauthId, room: roomId, by: request.by.userId },
        existing ? 'add-on updated' : 'add-on installed',
      )
      return installed
    })
  }

  /** A new client, usable at once: the add-on asks for a token while its callback is still open. */
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
        if (told) sayGoodBye(pending) // it has confirmed, and would wait for what never comes
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
   * Makes a pending client the installation of its place; what was there before is revoked and told. Whoever approved it may
   * have been deleted since, or may not install there any more.
   */
  async function confirm(pending: ClientRecord, authorize: () => void): Promise<ClientRecord> {
    const { live, old } = await state.write(() => {
      authorize()
      const current = state.clients.get(pending.oauthId)
      if (!current || (current.roomId !== null && !state.rooms.get(current.roomId)))
        throw badRequest('The installation was removed before the add-on confirmed it')
      if (!mayInstall(current))
        throw badRequest('Whoever approved the installation may not install there any more')
      const before = state.clients.installed(current.key, current.roomId)
      if (before) state.clients.remove(before)
      const live: ClientRecord = { ...current, status: 'live' }
      state.clients.put(live)
      state.clients.occupy(live)
      addWebhooks(live)
      return { live, old: before }
    })
    if (old) sayGoodBye(old)
    return live
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
    // The key is no proof: who serves it from elsewhere gets credentials of his own, and not those of the add-on.
    const told = toldOrigins(existing.descriptor)
    const hasCredentials = (url: string) => told.has(new URL(url).origin)
    if (installable?.updateCallbackUrl !== undefined && hasCredentials(installable.updateCallbackUrl)) {
      // The new scopes count while the callback is open, so that the tokens it asks for have them.
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
          revokeSurplus(existing)
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
        `An add-on with the key ${document.key} is installed here, and this descriptor names no address of it to be told of the update`,
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
      revokeSurplus(client)
      return client
    })

  function checkThere({ oauthId }: ClientRecord): void {
    if (!state.clients.get(oauthId))
      throw badRequest('The installation was removed before the add-on confirmed its update')
  }

  /** Tokens that hold a scope which the installation has no more. */
  function revokeSurplus(client: ClientRecord): void {
    state.tokens.removeOf({ oauthId: client.oauthId }, ({ scopes }) =>
      scopes.some((scope) => !client.scopes.includes(scope)),
    )
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
    // Revoked first: the add-on can check that it is true by asking for a token.
    const client = await state.write(() => {
      authorize()
      const current = state.clients.get(oauthId)
      if (current) state.clients.remove(current)
      return current
    })
    if (!client) return // somebody else was faster, and tells the add-on
    log.info({ key: client.key, oauthId: client.oauthId, room: client.roomId }, 'add-on uninstalled')
    if (client.status === 'pending') return // it was never told that it is installed
    sayGoodBye(client)
    const uninstalledUrl = client.descriptor.capabilities?.installable?.uninstalledUrl
    if (uninstalledUrl !== undefined) await redirectUrl('uninstalled', uninstalledUrl, client)
  }

  /** Behind the deliveries that are still waiting for the add-on: it hears of the end last. */
  function sayGoodBye(client: ClientRecord): void {
    const url = client.descriptor.capabilities?.installable?.callbackUrl
    if (url === undefined) return
    options.queues.last(client.oauthId, async () => {
      const failure = await callbacks.remove(url, client)
      if (failure) log.warn({ key: client.key, oauthId: client.oauthId, error: failure }, 'DELETE callback')
    })
  }

  /** Makes a one-time document and gives the address the browser is sent to with it. */
  async function redirectUrl(
    reason: Redirect['reason'],
    address: string,
    client: ClientRecord,
    relayState?: string,
  ): Promise<string> {
    const token = randomText(40) // 238 bits
    await state.write(() => {
      state.installables.removeExpired() // each holds a secret
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
        await state.write(() => state.clients.remove(pending)) // its document is read, and cannot be read again
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

/** Begun in a browser and never completed: its document cannot be read any more. */
const isForgotten = ({ status, created }: ClientRecord): boolean =>
  status === 'pending' && created / 1000 < Date.now() - 2 * documentLifetime

/** Nobody is asked. */
const always = (): void => undefined

/**
 * Of an installation's webhooks those that an update takes away: what the old descriptor declared, and what was made
 * through the API if the add-on could not make it any more.
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

/** Add-ons in one room, or for the whole group. Each of them is told what is said there, and is in what the chat page asks for. */
const mostInstalled = 100

/** 400 when an add-on that is not there yet would be one too many. */
function checkCount(clients: readonly ClientRecord[], key: string, room: RoomRecord | undefined): void {
  const there = new Set(
    clients.filter(({ roomId }) => roomId === (room?.id ?? null)).map((client) => client.key),
  )
  if (there.size >= mostInstalled && !there.has(key))
    throw badRequest(
      `${room ? `Room ${room.name}` : 'The group'} has ${there.size} add-ons already, expected fewer than ${mostInstalled}`,
    )
}

/** The descriptor may have changed since somebody looked at it. */
function checkApproved(document: Descriptor, approved: readonly string[] | undefined): void {
  const more = clientFrom(document).scopes.filter((scope) => approved && !approved.includes(scope))
  if (more.length > 0)
    throw badRequest(`The descriptor asks for more than was approved: ${more.join(', ')}`, 'scopes')
}

/** The descriptor as it would be if it asked for no more than is granted. */
function limited(document: Descriptor, granted: readonly Scope[] | undefined): Descriptor {
  const consumer = document.capabilities?.hipchatApiConsumer
  if (!granted || !consumer) return document
  const scopes = consumer.scopes.filter((scope) => granted.includes(scope))
  return {
    ...document,
    capabilities: { ...document.capabilities, hipchatApiConsumer: { ...consumer, scopes } },
  }
}

/** HipChat's guide names the parameter of a link and not how it comes back; in a callback it is a member. */
const relayed = (relayState: string | undefined) => (relayState === undefined ? {} : { relayState })

/** What an installation takes from the descriptor. */
const clientFrom = (document: Descriptor) => ({
  name: document.name,
  fromName: document.capabilities?.hipchatApiConsumer?.fromName || document.name,
  scopes: [...new Set(document.capabilities?.hipchatApiConsumer?.scopes ?? [])],
  descriptor: document,
})
