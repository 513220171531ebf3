import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { deliveryBody } from '../../api/events.ts'
import { parseBody, readBody } from '../../common/body.ts'
import { resultWithin } from '../../common/time-limit.ts'
import { read } from '../../common/tolerant-reading.ts'
import { SignedRequestError } from '../../errors.ts'
import type { Installation } from '../../installations/installation.ts'
import type { Installations } from '../../installations/installation-records.ts'
import type { InstallationServices } from '../../installations/services.ts'
import { stillInstalled, verifySignedRequest } from '../../installations/signed-request.ts'
import { paths } from '../../paths.ts'
import { noteLate, observeDelivery, resultOf } from '../../telemetry/delivery-observer.ts'
import { type Logger, logError } from '../../telemetry/log.ts'
import type { Observing } from '../../telemetry/observer.ts'
import { belowBase, refusalOf } from '../requests.ts'
import type { Delivery, DeliveryAnswer, Webhook } from './delivery.ts'
import { isOwn, matchOf, refuseForeign } from './delivery-checks.ts'
import type { Handling } from './handle.ts'
import type { TaskQueue } from './task-queue.ts'

/** What receiving needs. */
export interface ReceivingParts {
  /** The add-on, as its own notifications name it. */
  readonly addon: { readonly key: string; readonly name: string; readonly fromName?: string | undefined }
  readonly webhooks: ReadonlyMap<string, Webhook>
  readonly installations: Installations
  readonly tasks: TaskQueue
  /** Milliseconds after which a delivery is answered, although its handler is running. */
  readonly acknowledgeAfter: number
  readonly log: Logger
  readonly observing: Observing
  /** Path of `baseUrl`, without a trailing slash. */
  basePath(): string
  servicesOf(installation: Installation): InstallationServices
  readonly handle: Handling['handle']
}

/** 256 KiB: HipChat's messages have 10,000 characters at most. */
const longestBody = 256 * 1024
const bodyTimeout = 10_000

/**
 * Creates the listener for an add-on's requests. It receives deliveries itself and passes all other requests to
 * `koa`: nearly all requests to an add-on are deliveries, which need nothing from Koa, and Koa would take a third of
 * the time of each.
 */
export function createDeliveryListener(parts: ReceivingParts, koa: RequestListener): RequestListener {
  const { addon, webhooks, installations, tasks, acknowledgeAfter, observing, servicesOf, handle } = parts

  /** Answers one request: a delivery with what `receive` says, or with a refusal. */
  async function deliver(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/'
    const end = url.indexOf('?')
    const path = belowBase(end < 0 ? url : url.slice(0, end), parts)
    if (request.method !== 'POST' || !path.startsWith(paths.webhook)) return koa(request, response)
    const query = end < 0 ? undefined : new URLSearchParams(url.slice(end))
    const webhook = webhooks.get(path.slice(paths.webhook.length))
    const answer = await observeDelivery(observing(), webhook, request, () =>
      receive(webhook, request, query).catch((error: unknown): DeliveryAnswer => {
        const { text, ...refusal } = refusalOf(error, parts, path)
        return { ...refusal, body: text, result: resultOf(error) }
      }),
    )
    send(response, answer)
  }

  /**
   * Receives one delivery: verifies its sender, reads it, and checks whether it is for this add-on. The answer has the
   * handler's message, or is sent early if the handler is slow.
   *
   * Throws {@link SignedRequestError} (answer: 401) and BodyRefusedError; everything else is an answer.
   */
  async function receive(
    webhook: Webhook | undefined,
    request: IncomingMessage,
    query: URLSearchParams | undefined,
  ): Promise<DeliveryAnswer> {
    const verified = await verifySignedRequest(request, query, installations)
    const text = await readBody(request, longestBody, bodyTimeout)
    const json = parseBody(text)
    const credentials = await stillInstalled(verified.credentials, installations) // the body took time
    const { installation } = credentials
    const log = (): Logger => servicesOf(installation).log

    if (!webhook) {
      log().warn('a delivery for a webhook that no longer exists: the installation has an older descriptor')
      return { status: 204, result: 'gone' }
    }
    const parsed = read(deliveryBody(webhook.event), json)
    if (!parsed.ok) {
      const fault = `cannot be read: ${parsed.problem.message}`
      log().warn({ webhook: webhook.key }, `a delivery that ${fault}`)
      return { status: 400, result: 'unreadable', body: `The delivery ${fault}.` }
    }
    const body = parsed.value
    refuseForeign(body, { ...verified, credentials }, webhook.event)
    if (body.event !== undefined && body.event !== webhook.event) {
      log().warn({ webhook: webhook.key, event: body.event }, 'a delivery of another event')
      return { status: 204, result: 'other_event' }
    }
    if (isOwn(body, addon, installation.oauthId)) return { status: 204, result: 'own' }
    const match = matchOf(webhook, body)
    if (match === null) return { status: 204, result: 'unmatched' }

    if (tasks.accepting !== 'yes') {
      const full = tasks.accepting === 'full'
      log().error({ webhook: webhook.key }, `delivery refused: ${full ? 'too many are running' : 'closing'}`)
      return { status: 503, result: full ? 'busy' : 'closing', body: 'The add-on is busy.' }
    }
    const { tokenId: id, lifetime } = verified
    const delivery: Delivery = {
      id,
      credentials,
      webhook,
      body,
      text,
      match,
      lifetime,
      attempt: 1,
      acknowledged: false,
    }
    const accepted = new Promise<undefined>((resolve) => {
      delivery.accepted = () => resolve(undefined)
    })
    const answered = tasks.take((turn) => handle(delivery, turn))
    // Also if the store takes longer: what is acknowledged is recorded.
    const answer =
      (await resultWithin(acknowledgeAfter, answered)) ?? (await Promise.race([answered, accepted]))
    if (answer) return answer
    delivery.acknowledged = true
    answered.catch((error: unknown) => {
      if (error instanceof SignedRequestError) log().warn(`not handled: ${error.message}`)
      else logError(log(), error, 'a delivery that was acknowledged failed')
    })
    noteLate(webhook.event, answered, observing())
    return { status: 204, result: 'acknowledged' }
  }

  return deliver
}

function send(response: ServerResponse, { status, headers = {}, body }: DeliveryAnswer): void {
  if (body === undefined) {
    response.writeHead(status, headers).end()
    return
  }
  // HipChat posts any JSON object with a `message` into the room, so only a reply is sent as JSON.
  const [type, text] =
    typeof body === 'string' ? ['text/plain', body] : ['application/json', JSON.stringify(body)]
  const length = Buffer.byteLength(text)
  response
    .writeHead(status, { ...headers, 'content-type': `${type}; charset=utf-8`, 'content-length': length })
    .end(text)
}
