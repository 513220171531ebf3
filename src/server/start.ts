import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scopeNames } from '../api/scopes.ts'
import { alone } from '../common/lmdb/lmdb.ts'
import { createOutbound, isLoopbackHost } from '../common/outbound.ts'
import { readableError } from '../common/redaction.ts'
import { resultWithin } from '../common/time-limit.ts'
import { unrefServer } from '../common/unref.ts'
import { createApiCallLog } from './addons/api-call-log.ts'
import { createDeliveries, type Deliveries } from './addons/delivery.ts'
import { createGlanceUpdates } from './addons/glance-updates.ts'
import { createInstaller } from './addons/installer.ts'
import { createApp } from './app.ts'
import { groupOwnerId } from './auth/access.ts'
import { addonAuthor } from './auth/callers.ts'
import { endTokensOfEarlierStart, makeToken } from './auth/tokens.ts'
import { createPresenter } from './chat/api-objects.ts'
import { createChat } from './chat/chat-actions.ts'
import type { PageContext } from './chat-page/context.ts'
import { createFeed } from './chat-page/feed.ts'
import { forbidden } from './errors.ts'
import { classicFor } from './http/classic.ts'
import { createAddressOf } from './http/client-address.ts'
import { createFaults } from './http/fault-injection.ts'
import { createTransfers } from './http/transfers.ts'
import { createCounter } from './http/window-counter.ts'
import { silent } from './log.ts'
import { addressOf, type ResolvedOptions } from './options.ts'
import { seedAddons, seedAll } from './seed.ts'
import type { ClientRecord } from './state/records.ts'
import { createRemovals } from './state/removals.ts'
import { openState, type State } from './state/state.ts'

/** A server that is listening. */
export interface RunningServer {
  readonly context: PageContext
  readonly delivery: Deliveries
  readonly url: string
  /** Whether this start filled the state from the seed. */
  readonly seeded: boolean
  reset(): Promise<void>
  unref(): void
  close(): Promise<void>
}

// Milliseconds that running deliveries and calls get when the server closes: before they are aborted, and after.
const graceful = 5_000
const aborted = 500

const timeouts = {
  headersTimeout: 15_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000, // Node checks the two timeouts above only every 30 s
  // Longer than proxies keep an idle connection: when the server closes one while a call is arriving, the call is
  // lost.
  keepAliveTimeout: 65_000,
}

/**
 * Opens the state, connects the parts and listens. When listening fails, everything that was opened is closed
 * again.
 */
export async function start(resolved: ResolvedOptions, adminToken: string): Promise<RunningServer> {
  const temporary = resolved.data === undefined ? mkdtempSync(join(tmpdir(), 'hipchat-server-')) : undefined
  const state = await alone(() =>
    openState(resolved.data ?? temporary ?? '', { durable: temporary === undefined }),
  )
  const outbound = createOutbound(resolved.outbound)
  const abort = new AbortController()
  const log = resolved.log || silent
  const { allowHttp } = resolved
  if (allowHttp.length > 0)
    log.warn(
      { allowHttp },
      'secrets and messages go to these hosts over plain http, and can be read in transit; for development only',
    )
  let url = resolved.publicUrl ?? ''
  let closing = false
  const publicUrl = () => url

  const isClassic = classicFor(resolved)
  const present = createPresenter(state, publicUrl)
  const delivery = createDeliveries({
    told: (id) => feed.pushDelivery(id),
    state,
    outbound,
    log,
    timeout: resolved.deliveryTimeout,
    signal: abort.signal,
    isClassic,
    async reply(room, client, notification, link) {
      // Checked at the time of posting, since the add-on took time to answer.
      const { id } = await chat
        .checked(() => requireAnswering(client, state))
        .notify(room, addonAuthor(client), notification, link)
      return id
    },
  })
  const installer = createInstaller({
    state,
    outbound,
    log,
    queues: delivery.queues,
    timeout: resolved.installTimeout,
    signal: abort.signal,
    publicUrl,
  })
  const feed = createFeed(state, present)
  const callLog = createApiCallLog(feed.pushCall)
  const removals = createRemovals(state)
  const chat = createChat({
    state,
    present,
    removals,
    fire: delivery.fire,
    async endInstallations(room) {
      for (const client of state.clients.of(room.id)) await installer.uninstall(client)
    },
  })
  const calls = createCounter(resolved.limits.windowSeconds, resolved.limitsEnforced)
  const messages = createCounter(resolved.limits.floodWindowSeconds, resolved.limitsEnforced)
  const attempts = createCounter(15 * 60, true)
  const context: PageContext = {
    state,
    present,
    chat,
    removals,
    installer,
    delivery,
    glances: createGlanceUpdates(state),
    feed,
    faults: createFaults(),
    transfers: createTransfers(),
    log,
    calls: callLog,
    isLocal: resolved.isLocal,
    outbound,
    attempts,
    tokenLifetime: resolved.tokenLifetime,
    publicUrl,
  }
  const app = createApp({
    context,
    limits: resolved.limits,
    calls,
    messages,
    log,
    allowedOrigins: resolved.allowedOrigins,
    addressOf: createAddressOf(resolved.trustedProxies),
    local: isLoopbackHost(resolved.host),
    otherUrls: resolved.otherUrls,
    hasPublicUrl: resolved.publicUrl !== undefined,
    checkResponses: resolved.checkResponses,
    isClassic,
    closing: () => closing,
  })

  const active = new Set<Promise<void>>()
  const callback = app.callback()
  const answer: RequestListener = (request, response) => {
    const done: Promise<void> = callback(request, response).finally(() => active.delete(done))
    active.add(done)
  }
  const server = resolved.tls
    ? createTlsServer({ ...timeouts, ...resolved.tls, handshakeTimeout: timeouts.headersTimeout }, answer)
    : createServer(timeouts, answer)
  // For example too many open files. Without a listener the error would end the process.
  server.on('error', (error) =>
    log.error({ err: readableError(error) }, 'the server cannot accept a connection'),
  )

  /** Seeds everything except the add-ons. True when those are still to be installed. */
  async function prepare(): Promise<boolean> {
    if (state.group()?.isSeeding) state.clear()
    const isNew = !state.group()
    if (isNew) await seedAll(context, resolved)
    await state.write(() => {
      // An installation that was pending when the server stopped was never confirmed.
      for (const client of state.clients.all()) if (client.status === 'pending') state.clients.remove(client)
      endTokensOfEarlierStart(state)
      state.tokens.completeIndexes()
      state.installables.removeExpired()
      makeToken(
        state,
        { kind: 'personal', scopes: scopeNames, userId: groupOwnerId, admin: true },
        adminToken,
      )
    })
    await removals.resume()
    return isNew
  }

  async function release(): Promise<void> {
    feed.close()
    context.transfers.close()
    await delivery.close()
    outbound.close()
    await state.close()
    if (temporary !== undefined) rmSync(temporary, { recursive: true, force: true })
  }

  async function close(): Promise<void> {
    closing = true
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeIdleConnections()
    feed.close() // its connections never end by themselves
    const settled = async () => {
      while (active.size > 0) await Promise.all(active)
      await delivery.idle()
    }
    await resultWithin(graceful, settled())
    abort.abort()
    await resultWithin(aborted, settled()) // callers that waited for an add-on still get their answer
    server.closeAllConnections()
    await resultWithin(graceful, settled())
    await closed
    await release()
  }

  let seeded = false
  try {
    seeded = await prepare()
    const port = await listen(server, resolved)
    url ||= addressOf(resolved.tls ? 'https' : 'http', resolved.host, port)
    if (seeded) await seedAddons(context, resolved)
  } catch (error) {
    await (server.listening ? close() : release())
    throw error
  }

  return {
    context,
    delivery,
    url,
    seeded,
    async reset() {
      await delivery.idle()
      state.clear()
      delivery.clear()
      callLog.clear()
      context.faults.clear()
      for (const counter of [calls, messages, attempts]) counter.clear()
      if (await prepare()) await seedAddons(context, resolved)
    },
    unref: () => unrefServer(server),
    close,
  }
}

/** 403 for an add-on that is gone, or may no longer post. */
function requireAnswering({ oauthId }: ClientRecord, state: State): void {
  const client = state.clients.get(oauthId)
  if (client?.status !== 'live' || !client.scopes.includes('send_notification'))
    throw forbidden('The add-on may no longer post notifications')
}

function listen(server: Server, { host, port }: ResolvedOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const what = error.code === 'EADDRINUSE' ? 'the port is taken' : error.message
      reject(new Error(`the server cannot listen on ${host}, port ${port}: ${what}`, { cause: error }))
    })
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}
