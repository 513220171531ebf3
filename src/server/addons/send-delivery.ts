import { exchange } from '../../common/http.ts'
import type { Outbound } from '../../common/outbound.ts'
import { type IsClassic, signedAddress } from '../http/classic.ts'
import type { ClientRecord } from '../state/records.ts'
import { decompress } from './decompression.ts'
import {
  type DeliveryHistory,
  type DeliveryRecord,
  ownerOf,
  type Source,
  shownResponse,
} from './delivery-history.ts'
import { longestReply } from './inline-reply.ts'
import { postReply, type ReplyOptions } from './post-reply.ts'
import { claimsOf, signRequest } from './signing.ts'
import { failureOf, reasonNotCalled } from './unreachable-texts.ts'

/** What {@link createSend} works with. */
export interface SendOptions extends ReplyOptions, Pick<DeliveryHistory, 'breakerOf'> {
  readonly outbound: Outbound
  /** Milliseconds for one delivery. */
  readonly timeout: number
  readonly signal: AbortSignal
  readonly isClassic: IsClassic
  /** Keeps the record of a delivery. */
  readonly keep: DeliveryHistory['add']
}

/**
 * Sends one delivery, once and without redirects, and posts its answer. `body` is the event as JSON; `redeliveryOf` is
 * the id of the delivery that it repeats.
 */
export type Send = (
  source: Source,
  client: ClientRecord | undefined,
  body: string,
  redeliveryOf?: number,
) => Promise<DeliveryRecord>

/** The headers of every delivery. */
export const contentType = { 'content-type': 'application/json' }

/** Creates the sending of deliveries. */
export function createSend(options: SendOptions): Send {
  const { chains, log, keep, breakerOf } = options
  return async function send(source, client, body, redeliveryOf) {
    const { webhook } = source
    const breaker = breakerOf(webhook)
    const signature = client && webhook.authentication === 'jwt' ? sign(client, source) : undefined
    const request = {
      headers:
        signature === undefined ? contentType : { ...contentType, authorization: 'JWT [signed request]' },
      claims: signature === undefined ? undefined : claimsOf(signature),
      body,
    }
    const started = performance.now()
    // An add-on is notified of its own actions too, but its answers to them are not posted.
    const own = client !== undefined && client.oauthId === source.causedBy
    const told = own || !source.link ? undefined : chains.tell(ownerOf(webhook), source.room.id, source.link)
    try {
      const answer = await exchange({
        method: 'POST',
        url: signature && options.isClassic(client) ? signedAddress(webhook.url, signature) : webhook.url,
        outbound: options.outbound,
        timeout: options.timeout,
        signal: options.signal,
        headers:
          signature === undefined ? contentType : { ...contentType, authorization: `JWT ${signature}` },
        body,
      })
      const duration = performance.now() - started
      const decompressed = decompress(answer, longestReply)
      breaker.report(answer.status < 500)
      const ok = answer.status >= 200 && answer.status < 300
      return keep(source, {
        status: answer.status,
        duration,
        ...(ok ? await postReply(decompressed, client, source, options) : {}),
        request,
        response: shownResponse(answer.headers, decompressed.bytes.toString()),
        redeliveryOf,
        ...(ok ? {} : { error: `answered ${answer.status}` }),
      })
    } catch (error) {
      breaker.report(false)
      const notCalled = reasonNotCalled(error)
      if (notCalled !== undefined)
        log.warn({ webhook: webhook.id, reason: notCalled }, 'an address was not called')
      return keep(source, {
        duration: performance.now() - started,
        request,
        redeliveryOf,
        error: failureOf(error),
      })
    } finally {
      told?.()
    }
  }
}

const sign = ({ oauthId, secret }: ClientRecord, { user, room }: Source): string =>
  signRequest({ oauthId, secret, user, roomId: room.id })
