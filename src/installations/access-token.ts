import { setTimeout as delay } from 'node:timers/promises'
import { operations } from '../api/operations/index.ts'
import { isScope, type Scope } from '../api/scopes.ts'
import { type Exchange, exchange, type HttpResponse, parseJson } from '../common/http.ts'
import type { Outbound } from '../common/outbound.ts'
import { typeName } from '../common/validate.ts'
import { AccessTokenError, messageOf } from '../errors.ts'
import { createLock } from '../store/lock.ts'
import type { Sealing } from '../store/sealing.ts'
import type { Store } from '../store/store.ts'
import { type Observing, observed, type TokenActivity } from '../telemetry/observer.ts'
import { type Credentials, type Installation, secretOf } from './installation.ts'
import { tokenKey } from './store-keys.ts'

/** An access token with the other members of the answer. */
export interface AccessToken {
  readonly token: string
  /** When we stop using it, in milliseconds since 1970: shortly before HipChat does. */
  readonly renewAt: number
  /** The granted scopes. */
  readonly scopes: readonly Scope[]
  /** Id of the group; `undefined` if the answer has none. */
  readonly groupId: number | undefined
  /** Name of the group; `undefined` if the answer has none. */
  readonly groupName: string | undefined
  /** What was odd about the answer, for the log. */
  readonly warning: string | undefined
}

/** The access tokens of all installations. */
export interface AccessTokens {
  /** A valid token: the cached one, or a new one. Simultaneous callers share one request. */
  get(credentials: Credentials): Promise<string>
  /** Called when HipChat refused this token: returns a new one, or the one that another caller has got by then. */
  renew(credentials: Credentials, refused: string): Promise<string>
  /** Exchanges the credentials now: proves an installation, and shows the approved scopes. The token is not kept. */
  request(credentials: Credentials, signal?: AbortSignal): Promise<AccessToken>
  /**
   * Keeps a token from `request` when it is certain that it belongs to the installation. Returns a function that undoes
   * this: it restores the previous token, unless there is a newer one by then.
   */
  keep(installation: Installation, token: AccessToken): Promise<() => Promise<void>>
}

interface AccessTokensParts {
  readonly store: Store
  readonly sealing: Sealing
  readonly outbound: Outbound
  /** Milliseconds for one request. */
  readonly timeout: number
  readonly warn: (message: string, installation: Installation) => void
  /** Called when the credentials are rejected, and when they are accepted again. */
  readonly mark: (installation: Installation, rejected: boolean) => Promise<void>
  /** Whether an installation still exists. Default: always true. */
  readonly isThere?: (installation: Installation) => Promise<boolean>
  /** Returns the observer. */
  readonly observing?: Observing
}

const hour = 3_600_000
const day = 24 * hour

/**
 * Exchanges client credentials for access tokens and keeps them in the store.
 *
 * The request has no `scope`, so that HipChat grants the scopes that were approved at installation, which are not always
 * those in the present descriptor. A failed exchange is not kept, so the next call tries again.
 */
export function createAccessTokens(parts: AccessTokensParts): AccessTokens {
  const { store, sealing } = parts
  const running = new Map<string, Promise<AccessToken>>()

  async function cached(oauthId: string): Promise<AccessToken | undefined> {
    const sealed = await store.get(tokenKey(oauthId))
    return sealed === undefined ? undefined : read(oauthId, sealed)
  }

  function read(oauthId: string, sealed: string): AccessToken | undefined {
    const token = JSON.parse(sealing.open(sealed, tokenKey(oauthId))) as AccessToken // written by `keep`
    return token.renewAt > Date.now() ? token : undefined
  }

  async function keep(installation: Installation, token: AccessToken): Promise<() => Promise<void>> {
    const { oauthId } = installation
    const key = tokenKey(oauthId)
    const before = await store.get(key)
    const kept = sealing.seal(JSON.stringify(token), key)
    await store.set(key, kept, Math.max(1, token.renewAt - Date.now()))
    // The installation may have been removed during the exchange; then nothing is kept.
    if (parts.isThere && !(await parts.isThere(installation))) await swap(key, kept, undefined)
    return () => swap(key, kept, before)
  }

  /** Replaces or removes the value that was read; a value that another process wrote in the meantime stays. */
  async function swap(key: string, before: string, next: string | undefined): Promise<void> {
    // A token contains its own expiry, so the store need not be exact.
    await store.update(key, (current) => (current === before ? next : current), day)
  }

  /** At most one exchange at a time in this process; other processes with the same store wait for its result. */
  function single(credentials: Credentials, refused?: string): Promise<AccessToken> {
    const { oauthId } = credentials.installation
    let exchanging = running.get(oauthId)
    if (!exchanging) {
      exchanging = acrossProcesses(credentials, refused).finally(() => running.delete(oauthId))
      running.set(oauthId, exchanging)
    }
    return exchanging
  }

  async function acrossProcesses(credentials: Credentials, refused?: string): Promise<AccessToken> {
    const { oauthId } = credentials.installation
    const lock = createLock(store, `lock:${tokenKey(oauthId)}`, parts.timeout)
    const deadline = Date.now() + parts.timeout
    while (!(await lock.take())) {
      const token = await cached(oauthId)
      if (token && token.token !== refused) return token
      if (Date.now() > deadline) break // the owner of the lock failed or died: do not wait for the lock to expire
      await delay(25)
    }
    try {
      const kept = await cached(oauthId)
      if (kept && kept.token !== refused) return kept
      const token = await requestNow(credentials)
      await keep(credentials.installation, token)
      return token
    } finally {
      await lock.release()
    }
  }

  async function requestNow(credentials: Credentials, signal?: AbortSignal): Promise<AccessToken> {
    const { installation } = credentials
    const activity: TokenActivity = { kind: 'token', server: installation.tokenUrl, status: undefined }
    const token = await observed(parts.observing?.(), activity, () =>
      requestToken(credentials, activity, parts, signal),
    ).catch(async (error: unknown) => {
      if (error instanceof AccessTokenError && error.status === 401) await parts.mark(installation, true)
      throw error
    })
    if (installation.rejectedSince) await parts.mark(installation, false)
    if (token.warning) parts.warn(token.warning, credentials.installation)
    return token
  }

  return {
    async get(credentials) {
      const token = (await cached(credentials.installation.oauthId)) ?? (await single(credentials))
      return token.token
    },

    async renew(credentials, refused) {
      const { oauthId } = credentials.installation
      const sealed = await store.get(tokenKey(oauthId))
      const token = sealed === undefined ? undefined : read(oauthId, sealed)
      if (token && token.token !== refused) return token.token
      // Removes only the refused token: another process may have stored a new one by now.
      if (sealed !== undefined) await swap(tokenKey(oauthId), sealed, undefined)
      return (await single(credentials, refused)).token
    },

    request: requestNow,
    keep,
  }
}

/** One request to the token endpoint. */
async function requestToken(
  credentials: Credentials,
  activity: TokenActivity,
  parts: Pick<AccessTokensParts, 'outbound' | 'timeout'>,
  signal: AbortSignal | undefined,
): Promise<AccessToken> {
  const { oauthId, tokenUrl } = credentials.installation
  const basic = Buffer.from(`${oauthId}:${secretOf(credentials)}`).toString('base64')
  const request: Exchange = {
    method: operations.generateToken.method,
    url: tokenUrl,
    outbound: parts.outbound,
    timeout: parts.timeout,
    signal,
    headers: {
      accept: 'application/json',
      authorization: `Basic ${basic}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'grant_type=client_credentials',
  }
  const where = `access token for installation ${oauthId} from ${new URL(tokenUrl).host}`
  const answer = await exchange(request).catch((error: unknown) => {
    throw new AccessTokenError(`${where}: ${messageOf(error)}`, { cause: error })
  })
  activity.status = answer.status
  if (answer.status === 401)
    throw new AccessTokenError(
      `${where}: HipChat does not know these credentials (401); the add-on was probably uninstalled`,
      { status: 401 },
    )
  if (answer.status < 200 || answer.status > 299)
    throw new AccessTokenError(`${where}: expected 200, got ${answer.status}`, { status: answer.status })
  return readToken(answer, where, credentials.installation)
}

/**
 * Reads the token endpoint's answer. Real servers answered with lifetimes from an hour to fourteen years, and an answer
 * without one permanently broke installations of another framework. So a missing or absurd lifetime is replaced by a
 * cautious one; a token that turns out to be invalid is renewed on the first 401 anyway.
 */
function readToken({ status, body }: HttpResponse, where: string, installation: Installation): AccessToken {
  const parsed = parseJson(body)
  if (typeof parsed !== 'object' || parsed === null)
    throw new AccessTokenError(
      `${where}: expected a JSON object, got ${parsed === undefined ? 'no JSON' : typeName(parsed)}`,
      { status },
    )
  const answer = parsed as Record<string, unknown> // only known to be an object
  const token = answer['access_token']
  if (typeof token !== 'string' || token === '' || /[^\x21-\x7e]/.test(token))
    throw new AccessTokenError(
      `${where}: expected access_token to be a string of printable ASCII without spaces, got ${
        typeof token === 'string' && token !== '' ? 'one with other characters' : typeName(token || undefined)
      }`,
      { status },
    )

  const seconds = Number(answer['expires_in'] ?? Number.NaN)
  const usable = Number.isFinite(seconds) && seconds > 0
  const lifetime = usable ? Math.min(seconds * 1000, day) : hour
  // A token must not expire between our check and HipChat's: the margin is a minute for long lifetimes, a tenth for short.
  const margin = Math.min(60_000, lifetime / 10)
  const warning = usable
    ? undefined
    : `${where}: expected expires_in to be a positive number of seconds, got ${describe(answer['expires_in'])}; an hour is assumed`

  const scope = answer['scope']
  const groupId = Number(answer['group_id'] ?? Number.NaN)
  return {
    token,
    renewAt: Date.now() + lifetime - margin,
    scopes: typeof scope === 'string' ? scope.split(/\s+/).filter(isScope) : installation.scopes,
    groupId: Number.isSafeInteger(groupId) ? groupId : undefined,
    groupName: typeof answer['group_name'] === 'string' ? answer['group_name'] : undefined,
    warning,
  }
}

const describe = (value: unknown): string =>
  value === undefined ? 'none' : String(JSON.stringify(value)).slice(0, 40)
