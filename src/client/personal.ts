import type { TokenKind } from '../api/operation.ts'
import { type Scope, scopeNames } from '../api/scopes.ts'
import {
  absoluteUrl,
  anyText,
  type Checks,
  certificates,
  listOf,
  milliseconds,
  oneOf,
  refusal,
} from '../common/checks.ts'
import { createOutbound, hostOf } from '../common/outbound.ts'
import { checkOptions } from '../option-checks.ts'
import { type Client, createClientFor } from './client.ts'
import { createBudget } from './limits.ts'

/** Options of {@link createPersonalClient}. */
export interface PersonalClientOptions<S extends Scope = Scope> {
  /** Base address of the API, such as `https://api.hipchat.com/v2`. */
  readonly apiUrl: string
  /** An access token that was created on the account page. */
  readonly token: string
  /** The scopes of the token, which decide the client's methods. Default: all; HipChat still refuses what is not allowed. */
  readonly scopes?: readonly S[]
  /** Milliseconds for one attempt of a call. Default 10,000. */
  readonly timeout?: number
  /** Longest wait, in milliseconds, for a rate limit to be renewed. Default 10,000. */
  readonly maxRateLimitWait?: number
  /** Certificate authorities to trust in addition to the public ones, as PEM. */
  readonly ca?: string | readonly string[]
}

type PersonalToken = Extract<TokenKind, 'personal' | 'user'>

/**
 * Creates a client that calls HipChat's API as a person, for scripts. It has the operations that only people may call
 * (post a message in a room, write to a person, install an add-on), which an add-on's client lacks.
 *
 * @throws {ConfigurationError} for options that cannot work.
 */
export function createPersonalClient<const S extends Scope = Scope>(
  options: PersonalClientOptions<S>,
): Client<S, PersonalToken> {
  checkOptions<PersonalClientOptions>('createPersonalClient', options, checks, ['apiUrl', 'token'])
  const { apiUrl, token, scopes = scopeNames, timeout = 10_000, maxRateLimitWait = 10_000, ca } = options
  // The caller chose the address, so every address is allowed; plain http is for their own network.
  const outbound = createOutbound({
    hosts: [hostOf(new URL(apiUrl))],
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
    { outbound, timeout, onCall: () => {} },
  )
  return client as Client<S, PersonalToken> // has every method of the table; the type shows those that the scopes allow
}

const checks: Checks<PersonalClientOptions> = {
  apiUrl: absoluteUrl,
  token: (value, name) =>
    anyText(value, name) ??
    (/[^\x21-\x7e]/.test(String(value))
      ? refusal(name, 'printable ASCII without spaces', 'other characters, such as a line break')
      : undefined),
  scopes: listOf('scopes', oneOf(...scopeNames)),
  timeout: milliseconds,
  maxRateLimitWait: milliseconds,
  ca: certificates,
}
