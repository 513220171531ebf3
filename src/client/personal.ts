import type { TokenKind } from '../api/operation.ts'
import { type Scope, scopeNames } from '../api/scopes.ts'
import { createOutbound } from '../common/outbound.ts'
import { ConfigurationError } from '../errors.ts'
import { type Client, createClientFor } from './client.ts'
import { createBudget } from './limits.ts'

/** Options of {@link createPersonalClient}. */
export interface PersonalClientOptions<S extends Scope = Scope> {
  /** Base address of the API, such as `https://api.hipchat.com/v2`. */
  readonly apiUrl: string
  /** An access token made by hand on the account page. */
  readonly token: string
  /** What the token allows. Default: everything; HipChat has the last word. */
  readonly scopes?: readonly S[]
  /** Milliseconds for one call. Default 10,000. */
  readonly timeout?: number
  /** Longest wait, in milliseconds, for a used-up allowance to be renewed. Default 10,000. */
  readonly maxRateLimitWait?: number
  /** Certificate authorities to trust besides the public ones, PEM. */
  readonly ca?: string | readonly string[]
}

type PersonalToken = Extract<TokenKind, 'personal' | 'user'>

/**
 * HipChat's API as a person, for scripts: what only people may do (say something in a room, write to somebody, install
 * an add-on) is here and not on an add-on's client. Throws a {@link ConfigurationError} for options that cannot work.
 */
export function createPersonalClient<const S extends Scope = Scope>(
  options: PersonalClientOptions<S>,
): Client<S, PersonalToken> {
  const { apiUrl, token, scopes = scopeNames, timeout = 10_000, maxRateLimitWait = 10_000, ca } = options
  if (!URL.canParse(apiUrl))
    throw new ConfigurationError(
      `createPersonalClient: expected apiUrl to be an absolute address, came ${JSON.stringify(apiUrl)}`,
    )
  if (typeof token !== 'string' || token === '')
    throw new ConfigurationError('createPersonalClient: expected token to be a non-empty text')
  // The address is the caller's own word, so where it leads is his business; plain http is for his own network.
  const { hostname } = new URL(apiUrl)
  const outbound = createOutbound({
    hosts: [hostname.replace(/^\[|\]$/g, '')],
    ranges: ['0.0.0.0/0', '::/0'],
    loopback: true,
    http: true,
    ca,
  })
  const client = createClientFor(
    {
      apiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`,
      scopes,
      roomId: undefined,
      name: 'the personal token',
      token: async () => token,
      renew: async () => undefined,
      budget: createBudget(maxRateLimitWait),
    },
    { outbound, timeout, maxWait: maxRateLimitWait, onCall: () => {} },
  )
  return client as Client<S, PersonalToken> // has every method of the table; the type shows what the scopes allow
}
