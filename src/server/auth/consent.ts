import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { isScope, type Scope } from '../../api/scopes.ts'
import { randomText } from '../../common/random.ts'
import { CallRefusedError } from '../errors.ts'
import type { Page } from '../http/html-page.ts'
import type { Log } from '../log.ts'
import type { ClientRecord, UserRecord } from '../state/records.ts'
import { hashOf } from '../state/token-hash.ts'
import { consentPage, refusalPage } from './consent-page.ts'
import { scopesFor } from './granted-scopes.ts'
import { type SignInParts, signIn, stillSignedIn } from './sign-in.ts'

/** What the browser gets: a page, or a redirect back to the add-on. */
export type ConsentAnswer =
  | { readonly status: number; readonly page: Page; readonly headers?: Readonly<Record<string, string>> }
  | { readonly redirect: string }

/**
 * The authorization endpoint of OAuth 2 (RFC 6749, 4.1), where a user allows an add-on to act in their name. There
 * are no sessions here that another page could abuse: the user enters their password to give consent.
 */
export interface Consent {
  /** Shows what an add-on asks for. */
  ask(query: URLSearchParams): Promise<ConsentAnswer>
  /** Processes the form of that page. */
  decide(form: URLSearchParams, address: string): Promise<ConsentAnswer>
}

/** Milliseconds a user has for the form, and an add-on for the code. */
const formLifetime = 10 * 60_000
const codeLifetime = 5 * 60_000

/** The parameters of a request; all others are not passed on. */
const parameters = ['response_type', 'client_id', 'redirect_uri', 'scope', 'state']

interface Request {
  readonly client: ClientRecord
  readonly redirectUri: string
  readonly redirectNamed: boolean
  readonly scopes: readonly Scope[]
}

/** Content of the form's hidden field. */
interface Sealed {
  readonly query: string
  readonly scopes: readonly Scope[]
  /** In milliseconds since 1970. */
  readonly expires: number
}

/** A refused request. The add-on is notified when its address is known to be its own, the user otherwise. */
class RequestRefused extends Error {
  readonly answer: ConsentAnswer

  constructor(answer: ConsentAnswer) {
    super('the authorization request was refused')
    this.answer = answer
  }
}

/** Creates the authorization endpoint. */
export function createConsent(context: SignInParts, log: Log): Consent {
  const { state } = context
  const key = randomBytes(32) // forms do not outlive a restart of the server

  const sign = (text: string): Buffer => createHmac('sha256', key).update(text).digest()

  /** The signed request for the form, so that the user allows exactly what they were shown. */
  function seal(query: URLSearchParams, { scopes }: Request): string {
    const own = new URLSearchParams([...query].filter(([name]) => parameters.includes(name))).toString()
    const sealed: Sealed = { query: own, scopes, expires: Date.now() + formLifetime }
    const text = Buffer.from(JSON.stringify(sealed)).toString('base64url')
    return `${text}.${sign(text).toString('base64url')}`
  }

  function unseal(form: string): Sealed | undefined {
    const [text = '', signature = ''] = form.split('.')
    const given = Buffer.from(signature, 'base64url')
    const expected = sign(text)
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
    const sealed = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Sealed // signed by `seal`
    return sealed.expires > Date.now() ? sealed : undefined
  }

  /** RFC 6749, 4.1.2.1: a wrong client or address is reported to the user, everything else to the add-on. */
  function read(query: URLSearchParams): Request {
    for (const name of ['client_id', 'redirect_uri'])
      if (query.getAll(name).length > 1) throw told(`The link has ${name} more than once.`)
    const client = state.clients.get(query.get('client_id') ?? '')
    if (client?.status !== 'live') throw notInstalled()
    if (client.roomId !== null && !state.rooms.get(client.roomId)) throw notInstalled()
    const addresses = client.descriptor.capabilities?.oauth2Consumer?.redirectionUrls ?? []
    const named = query.get('redirect_uri') || undefined
    const redirectUri = named ?? (addresses.length === 1 ? addresses[0] : undefined)
    if (redirectUri === undefined || !addresses.includes(redirectUri) || !isWebAddress(redirectUri))
      throw told(
        `The link leads to an address that ${client.name} has not registered (redirect_uri; oauth2Consumer.redirectionUrls of its descriptor).`,
      )
    const fail = (error: string, description: string) =>
      new RequestRefused({ redirect: back(redirectUri, query, { error, error_description: description }) })
    for (const name of ['response_type', 'scope', 'state'])
      if (query.getAll(name).length > 1) throw fail('invalid_request', `${name} is there more than once`)
    const type = query.get('response_type')
    if (!type) throw fail('invalid_request', 'response_type is missing')
    if (type !== 'code') throw fail('unsupported_response_type', 'response_type must be code')
    const names = (query.get('scope') ?? '').split(/[\s,]+/).filter(Boolean)
    const scopes = names.filter((name): name is Scope => isScope(name) && client.scopes.includes(name))
    if (scopes.length < names.length)
      throw fail('invalid_scope', 'a scope does not exist or was not granted to the installation')
    return {
      client,
      redirectUri,
      redirectNamed: named !== undefined,
      scopes: names.length === 0 ? client.scopes : [...new Set(scopes)],
    }
  }

  const shown = (request: Request, form: string, again?: { username: string; problem: string }): Page =>
    consentPage({
      addon: request.client.name,
      host: new URL(request.redirectUri).host,
      group: state.group()?.name ?? '',
      room: request.client.roomId === null ? undefined : state.rooms.get(request.client.roomId)?.name,
      scopes: request.scopes,
      form,
      ...(again ? { again } : {}),
    })

  async function allow(request: Request, user: UserRecord, query: URLSearchParams): Promise<ConsentAnswer> {
    const { client, redirectUri, redirectNamed } = request
    const scopes = scopesFor(user, request.scopes).filter((scope) => client.scopes.includes(scope))
    if (scopes.length === 0 && request.scopes.length > 0)
      return {
        redirect: back(redirectUri, query, {
          error: 'access_denied',
          error_description: 'the user may do none of what was asked for',
        }),
      }
    const code = randomText(40)
    await state.write(() => {
      stillSignedIn(user, state)
      if (state.clients.get(client.oauthId)?.status !== 'live') throw notInstalled()
      state.codes.removeExpired()
      state.codes.put(hashOf(code), {
        oauthId: client.oauthId,
        userId: user.id,
        scopes,
        redirectUri,
        redirectNamed,
        session: randomText(20),
        used: false,
        expires: Date.now() + codeLifetime,
      })
    })
    log.info({ oauthId: client.oauthId, user: user.id, scopes }, 'a user allowed an add-on to act for them')
    return { redirect: back(redirectUri, query, { code }) }
  }

  return {
    ask: (query) =>
      answering(() => {
        const request = read(query)
        return { status: 200, page: shown(request, seal(query, request)) }
      }),
    decide: (form, address) => answering(() => decide(form, address)),
  }

  async function decide(form: URLSearchParams, address: string): Promise<ConsentAnswer> {
    const text = form.get('form') ?? ''
    const sealed = unseal(text)
    if (!sealed) return { status: 400, page: refusalPage('The form has expired.') }
    const query = new URLSearchParams(sealed.query)
    // Read again: the add-on may have been removed meanwhile, or have got scopes that the user was not shown.
    const request = { ...read(query), scopes: sealed.scopes }
    if (form.get('decision') !== 'allow')
      return {
        redirect: back(request.redirectUri, query, {
          error: 'access_denied',
          error_description: 'the user did not allow it',
        }),
      }
    const username = form.get('username') ?? ''
    let user: UserRecord
    try {
      user = await signIn({ username, password: form.get('password') ?? '', address }, context)
    } catch (error) {
      if (!(error instanceof CallRefusedError)) throw error
      return {
        // Not 401, which makes browsers ask for credentials.
        status: error.status === 401 ? 403 : error.status,
        page: shown(request, text, { username, problem: `${error.message}.` }),
        headers: error.status === 401 ? {} : error.headers,
      }
    }
    // Checked again: hashing the password took time.
    return allow({ ...read(query), scopes: sealed.scopes }, user, query)
  }
}

async function answering(work: () => ConsentAnswer | Promise<ConsentAnswer>): Promise<ConsentAnswer> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof RequestRefused) return error.answer
    throw error
  }
}

const notInstalled = (): RequestRefused =>
  told('The link names no add-on that is installed here (client_id).')

const told = (problem: string): RequestRefused =>
  new RequestRefused({ status: 400, page: refusalPage(problem) })

/** The redirect, with the result and the request's `state` added to the parameters that the address has. */
function back(redirectUri: string, query: URLSearchParams, found: Readonly<Record<string, string>>): string {
  const url = new URL(redirectUri)
  const states = query.getAll('state')
  const more = new URLSearchParams({ ...found, ...(states.length === 1 ? { state: states[0] } : {}) })
  url.search = url.search ? `${url.search}&${more}` : `?${more}`
  return url.href
}

/** Whether a code may be sent to an address: HipChat's schema accepts any string. */
function isWebAddress(address: string): boolean {
  const url = URL.canParse(address) ? new URL(address) : undefined
  return (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    !url.username &&
    !url.password &&
    !address.includes('#')
  )
}
