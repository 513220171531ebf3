import type { TokenKind } from '../api/operation.ts'
import { isScope, type Scope, scopeNames } from '../api/scopes.ts'
import { createOutbound, hostOf } from '../common/outbound.ts'
import { typeName } from '../common/validate.ts'
import { ConfigurationError } from '../errors.ts'
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
  checkOptions(options)
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

const known = ['apiUrl', 'token', 'scopes', 'timeout', 'maxRateLimitWait', 'ca']

function checkOptions(options: PersonalClientOptions): void {
  const refuse = (text: string): never => {
    throw new ConfigurationError(`createPersonalClient: ${text}`)
  }
  if (typeof options !== 'object' || options === null) refuse(`expected options, got ${typeName(options)}`)
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown) refuse(`${unknown} is not a known option; expected one of ${known.join(', ')}`)

  const { apiUrl, token, scopes = [] } = options
  const url = URL.canParse(apiUrl) ? new URL(apiUrl) : undefined
  if (!url || !/^https?:$/.test(url.protocol))
    refuse(`expected apiUrl to be an absolute http or https address, got ${JSON.stringify(apiUrl)}`)
  if (url && (url.username || url.password || url.search || url.hash))
    refuse('expected apiUrl to be an address without a user name, password, query or fragment')
  if (typeof token !== 'string' || token === '') refuse('expected token to be a non-empty string')
  if (/[^\x21-\x7e]/.test(token))
    refuse('token contains characters that are not allowed, such as a line break')
  const odd = scopes.find((scope) => !isScope(scope))
  if (odd !== undefined) refuse(`expected scopes from ${scopeNames.join(', ')}; got ${String(odd)}`)
  for (const name of ['timeout', 'maxRateLimitWait'] as const) {
    const value = options[name] ?? 0
    if (typeof value !== 'number' || !(value >= 0 && value < 2 ** 31))
      refuse(`expected ${name} to be a number of milliseconds, got ${String(value)}`)
  }
}
