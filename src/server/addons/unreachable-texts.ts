import { ExchangeFailedError } from '../../common/http.ts'
import { OutboundRefusedError } from '../../common/outbound.ts'

/**
 * The one message for every address that is not called, whatever the reason: a person who installs an add-on or
 * creates a webhook must learn neither what a name resolves to in the server's network nor whether it exists there.
 * The reason is in the log.
 */
export const notCalled = 'has an address that is not known, or that this server does not call'

const sentences: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'did not answer in time',
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'closed the connection without an answer',
  ENOTFOUND: notCalled,
  EAI_AGAIN: notCalled,
  TOO_LONG: 'answered with too many bytes',
}

/** Why a request got no answer, as the end of a sentence, without query strings or bodies. */
export function failureOf(error: unknown): string {
  if (error instanceof OutboundRefusedError) return notCalled
  if (error instanceof ExchangeFailedError)
    return sentences[error.reason] ?? `could not be reached (${error.reason})`
  if (error instanceof Error && error.name === 'AbortError') return 'was given up: the server is closing'
  return 'could not be reached'
}

/** Why an address was not called, for the operator's log; `undefined` for every other failure. */
export const reasonNotCalled = (error: unknown): string | undefined =>
  error instanceof OutboundRefusedError ? error.message : undefined
