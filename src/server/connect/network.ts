import { ExchangeFailedError } from '../../common/http.ts'
import { OutboundRefusedError } from '../../common/outbound.ts'

const sentences: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'did not answer in time',
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'closed the connection without an answer',
  ENOTFOUND: 'has a host name that cannot be resolved',
  EAI_AGAIN: 'has a host name that cannot be resolved',
  TOO_LONG: 'answered with too many bytes',
}

/** Why an exchange gave no answer: the end of a sentence, without addresses' queries or bodies. */
export function failureOf(error: unknown): string {
  if (error instanceof OutboundRefusedError) return `may not be called: ${error.message}`
  if (error instanceof ExchangeFailedError)
    return sentences[error.reason] ?? `could not be reached (${error.reason})`
  if (error instanceof Error && error.name === 'AbortError') return 'was given up: the server is closing'
  return 'could not be reached'
}
