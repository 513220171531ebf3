import { OutboundRefusedError } from '../common/outbound.ts'

/** Why an exchange gave no answer, in one short sentence without addresses' queries or bodies. */
export function failureOf(error: unknown): string {
  const refused = findRefusal(error)
  if (refused) return refused.message
  if (!(error instanceof Error)) return 'failed'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  switch (code) {
    case 'ETIMEDOUT':
      return 'did not answer in time'
    case 'ECONNREFUSED':
      return 'refused the connection'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'has a host name that cannot be resolved'
    case 'ECONNRESET':
      return 'closed the connection without an answer'
    case 'ERR_ABORTED':
    case 'ERR_CANCELED':
      return 'was given up: the server is closing'
    default:
      return /more than \d+ bytes/.test(error.message)
        ? 'answered with too many bytes'
        : `could not be reached${code ? ` (${code})` : ''}`
  }
}

// got wraps what was thrown while connecting
function findRefusal(error: unknown): OutboundRefusedError | undefined {
  if (error instanceof OutboundRefusedError) return error
  return error instanceof Error && error.cause !== undefined ? findRefusal(error.cause) : undefined
}
