import { ExchangeFailedError } from '../../common/http.ts'
import { OutboundRefusedError } from '../../common/outbound.ts'

/**
 * The one sentence for every address that is not called, whatever is wrong with it: who installs an add-on, or makes a
 * webhook, learns neither what a name resolves to inside of the server's network nor whether it is known there. The log
 * has the reason.
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

/** Why an exchange gave no answer: the end of a sentence, without addresses' queries or bodies. */
export function failureOf(error: unknown): string {
  if (error instanceof OutboundRefusedError) return notCalled
  if (error instanceof ExchangeFailedError)
    return sentences[error.reason] ?? `could not be reached (${error.reason})`
  if (error instanceof Error && error.name === 'AbortError') return 'was given up: the server is closing'
  return 'could not be reached'
}

/** Why an address was not called, for the log of whoever runs the server; `undefined` for every other failure. */
export const reasonNotCalled = (error: unknown): string | undefined =>
  error instanceof OutboundRefusedError ? error.message : undefined
