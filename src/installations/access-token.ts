import { setTimeout as delay } from 'node:timers/promises'
import { operations } from '../api/operations/index.ts'
import { isScope, type Scope } from '../api/scopes.ts'
import { type Answer, type Exchange, exchange, parseJson } from '../common/http.ts'
import type { Outbound } from '../common/outbound.ts'
import { typeName } from '../common/validate.ts'
import { AccessTokenError, messageOf } from '../errors.ts'
import { createLock } from '../store/lock.ts'
import type { Sealing } from '../store/sealing.ts'
import type { Store } from '../store/store.ts'
import { type Observing, observed, type TokenActivity } from '../telemetry/observer.ts'
import { type Credentials, type Installation, secretOf, tokenKey } from './installation.ts'

/** An access token and what came with it. */
export interface AccessToken {
  readonly token: string
  /** When we stop using it, in milliseconds since 1970: somewhat before HipChat does. */
  readonly renewAt: number
  readonly scopes: readonly Scope[]
  readonly groupId: number | undefined
  readonly groupName: string | undefined
  /** What was odd about the answer, for the log. */
  readonly warning: string | undefined
}

export interface AccessTokens {
  /** A token that is valid for a while: the cached one, or a new one. One exchange however many ask at once. */
  get(credentials: Credentials): Promise<string>
  /** Called when HipChat refused this token: gives another one, unless somebody else has fetched one meanwhile. */
  renew(credentials: Credentials, refused: string): Promise<string>
  /** Exchanges the credentials now: proves an installation, and shows what was approved. The token is not kept. */
  exchange(credentials: Credentials, signal?: AbortSignal): Promise<AccessToken>
  /**
   * Keeps a token that was exchanged, once its installation is known to be the one it is for. What it gives takes that back:
   * then the token from before is kept again, unless a newer one has been meanwhile.
   */
  keep(installation: Installation, token: AccessToken): Promise<() => Promise<void>>
}

interface Settings {
  readonly store: Store
  readonly sealing: Sealing
  readonly outbound: Outbound
  /** Milliseconds for one exchange. */
  readonly timeout: number
  readonly warn: (message: string, installation: Installation) => void
  /** Told when the credentials are rejected, and when they are taken again after that. */
  readonly mark: (installation: Installation, rejected: boolean) => Promise<void>
  /** Whether an installation has not been removed. Without it every one is there. */
  readonly isThere?: (installation: Installation) => Promise<boolean>
  /** Who looks on, if anybody. */
  readonly observing?: Observing
}

const HOUR = 3_600_000
const DAY = 24 * HOUR

/**
 * Exchanges client credentials for access tokens and keeps them in the store.
 *
 * The request names no `scope`: HipChat then grants what was approved when the add-on was installed, which is not
 * always what today's descriptor asks for. A failed exchange is not kept, so the next call tries again.
 */
export function createAccessTokens(settings: Settings): AccessTokens {
  const { store, sealing } = settings
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
    // An exchange takes its time: of an installation that was removed meanwhile nothing is kept.
    if (settings.isThere && !(await settings.isThere(installation))) await swap(key, kept, undefined)
    return () => swap(key, kept, before)
  }

  /** Puts another value, or none, in the place of one that was read, and leaves alone what others wrote meanwhile. */
  async function swap(key: string, read: string, next: string | undefined): Promise<void> {
    // A token says itself until when it is good; the store need not forget it to the second.
    await store.update(key, (current) => (current === read ? next : current), DAY)
  }

  /** One exchange in this process; in other processes sharing the store they wait for what it brings. */
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
    const lock = createLock(store, `lock:${tokenKey(oauthId)}`, settings.timeout)
    const deadline = Date.now() + settings.timeout
    while (!(await lock.take())) {
      const token = await cached(oauthId)
      if (token && token.token !== refused) return token
      if (Date.now() > deadline) break // whoever held the lock failed or died: do not wait for his lock to expire
      await delay(25)
    }
    try {
      const kept = await cached(oauthId)
      if (kept && kept.token !== refused) return kept
      const token = await exchangeNow(credentials)
      await keep(credentials.installation, token)
      return token
    } finally {
      await lock.release()
    }
  }

  async function exchangeNow(credentials: Credentials, signal?: AbortSignal): Promise<AccessToken> {
    const { installation } = credentials
    const activity: TokenActivity = { kind: 'token', server: installation.tokenUrl, status: undefined }
    const token = await observed(settings.observing?.(), activity, () =>
      requestToken(credentials, activity, settings, signal),
    ).catch(async (error: unknown) => {
      if (error instanceof AccessTokenError && error.status === 401) await settings.mark(installation, true)
      throw error
    })
    if (installation.rejectedSince) await settings.mark(installation, false)
    if (token.warning) settings.warn(token.warning, credentials.installation)
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
      // Only what was refused: by now somebody else may have put a new one there.
      if (sealed !== undefined) await swap(tokenKey(oauthId), sealed, undefined)
      return (await single(credentials, refused)).token
    },

    exchange: exchangeNow,
    keep,
  }
}

/** One request to the token endpoint. */
async function requestToken(
  credentials: Credentials,
  activity: TokenActivity,
  settings: Pick<Settings, 'outbound' | 'timeout'>,
  signal: AbortSignal | undefined,
): Promise<AccessToken> {
  const { oauthId, tokenUrl } = credentials.installation
  const basic = Buffer.from(`${oauthId}:${secretOf(credentials)}`).toString('base64')
  const request: Exchange = {
    method: operations.generateToken.method,
    url: tokenUrl,
    outbound: settings.outbound,
    timeout: settings.timeout,
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
    throw new AccessTokenError(`${where}: expected 200, came ${answer.status}`, { status: answer.status })
  return readToken(answer, where, credentials.installation)
}

/**
 * Reads the token endpoint's answer. Lifetimes from an hour to fourteen years were seen in answers of real servers, and
 * an answer without one bricked another framework's shops for good: what is missing or absurd is replaced by something
 * careful, since a token that turns out dead is renewed on the first 401 anyhow.
 */
function readToken({ status, body }: Answer, where: string, installation: Installation): AccessToken {
  const parsed = parseJson(body)
  if (typeof parsed !== 'object' || parsed === null)
    throw new AccessTokenError(
      `${where}: expected a JSON object, came ${parsed === undefined ? 'no JSON' : typeName(parsed)}`,
      { status },
    )
  const answer = parsed as Record<string, unknown> // an object, of which nothing more is assumed
  const token = answer['access_token']
  if (typeof token !== 'string' || token === '' || /[^\x21-\x7e]/.test(token))
    throw new AccessTokenError(
      `${where}: expected access_token to be a text without blanks, came ${
        typeof token === 'string' && token !== '' ? 'one with other characters' : typeName(token || undefined)
      }`,
      { status },
    )

  const seconds = Number(answer['expires_in'] ?? Number.NaN)
  const usable = Number.isFinite(seconds) && seconds > 0
  const lifetime = usable ? Math.min(seconds * 1000, DAY) : HOUR
  // Tokens must not die between our look and HipChat's: a minute for long ones, a tenth for short ones.
  const margin = Math.min(60_000, lifetime / 10)
  const warning = usable
    ? undefined
    : `${where}: expected expires_in to be a positive number of seconds, came ${describe(answer['expires_in'])}; an hour is assumed`

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
