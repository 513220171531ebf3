import { exchange, type HttpResponse } from '../../common/http.ts'
import type { Outbound } from '../../common/outbound.ts'
import { kibibyte } from '../../common/sizes.ts'
import { badRequest, CallRefusedError } from '../errors.ts'
import type { ClientRecord, InstallableRecord } from '../state/records.ts'
import { signRequest } from './signing.ts'
import { failureOf } from './unreachable-texts.ts'

/** Notifies add-ons of their installation, update and removal. */
export interface Callbacks {
  /** Posts the credentials. Any 2xx confirms the installation; otherwise throws 400 with the add-on's reason. */
  install(url: string, document: InstallableRecord['document'] & Relayed): Promise<void>
  /** Posts an update, signed with the installation's existing secret. */
  update(
    url: string,
    document: Omit<InstallableRecord['document'], 'oauthSecret'> & Relayed,
    signature: string,
  ): Promise<void>
  /** Notifies the add-on of its removal; its answer changes nothing. Resolves with the failure, if there was one. */
  remove(url: string, client: ClientRecord): Promise<string | undefined>
}

interface Relayed {
  /** From the link that led to the installation. */
  readonly relayState?: string
}

/** What callbacks need from the server. */
export interface CallbackOptions {
  readonly outbound: Outbound
  /** In milliseconds. */
  readonly timeout: number
  readonly signal: AbortSignal
}

export function createCallbacks(options: CallbackOptions): Callbacks {
  const send = (
    method: 'POST' | 'DELETE',
    url: string,
    body: unknown,
    signature?: string,
  ): Promise<HttpResponse> =>
    exchange({
      method,
      url,
      ...options,
      maxBytes: 64 * kibibyte,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(signature === undefined ? {} : { authorization: `JWT ${signature}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })

  async function confirmed(what: string, url: string, body: unknown, signature?: string): Promise<void> {
    let answer: HttpResponse
    try {
      answer = await send('POST', url, body, signature)
    } catch (error) {
      throw new CallRefusedError(400, `The ${what} failed: the add-on ${failureOf(error)}`, { cause: error })
    }
    if (answer.status >= 200 && answer.status < 300) return
    const reason = reasonOf(answer)
    throw badRequest(`The ${what} failed: the add-on answered ${answer.status}${reason && ` (${reason})`}`)
  }

  return {
    install: (url, document) => confirmed('installation', url, document),
    update: (url, document, signature) => confirmed('update', url, document, signature),
    async remove(url, client) {
      try {
        const answer = await send(
          'DELETE',
          appendSegment(url, client.oauthId),
          undefined,
          signatureFor(client),
        )
        return answer.status >= 200 && answer.status < 300 ? undefined : `answered ${answer.status}`
      } catch (error) {
        return failureOf(error)
      }
    },
  }
}

/**
 * Signs a request about an installation, without a user. A token that names a person may be one that this person
 * got from a page of the add-on, and so proves nothing about the server.
 */
export const signatureFor = (client: ClientRecord): string =>
  signRequest({
    oauthId: client.oauthId,
    secret: client.secret,
    ...(client.roomId === null ? {} : { roomId: client.roomId }),
  })

/** Appends a path segment to an address, before the query string if there is one. */
function appendSegment(address: string, segment: string): string {
  const url = new URL(address)
  url.pathname = `${url.pathname.replace(/\/$/, '')}/${encodeURIComponent(segment)}`
  return url.href
}

/** The add-on's reason, if it is plain text: one short line, since a person reads it. */
function reasonOf({ headers, body }: HttpResponse): string {
  const type = String(headers['content-type'] ?? 'text/plain')
  if (!/^text\/plain\b/i.test(type)) return ''
  const line = body.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}
