import type { Operation } from '../../api/operation.ts'
import { forbidden } from '../errors.ts'
import type { Route } from '../http/routes.ts'
import type { State } from '../state/state.ts'
import {
  authenticate,
  authenticateClient,
  type Caller,
  type CallerIdentity,
  type RequestCredentials,
} from './callers.ts'
import { scopesOf } from './granted-scopes.ts'
import { addressIdentity } from './rate-limits.ts'

/** The parts of a request that decide what it may do. */
export interface Request {
  readonly route: Route
  /** Whether the operation is one of the chat page's own, which accept no other tokens. */
  readonly isOfPage: boolean
  readonly credentials: RequestCredentials
  /** Network address of the caller. */
  readonly address: string
  /** Absolute address of the call, without tokens. */
  readonly url: URL
}

/** Decides what calls may do: before they are served, and again whenever they have waited. */
export interface Authority {
  /** Finds the caller: 401 when there is none. */
  open(request: Request): Caller
  /** 403 for a token of a kind that the operation does not accept, or without a scope that it requires. */
  admit(request: Request, caller: Caller): void
}

/** Creates the authority over the callers in a state. */
export function createAuthority(state: State): Authority {
  function callerOf({ route, credentials, address }: Request): CallerIdentity {
    const { tokens } = route.operation
    const nobody = { kind: 'none' as const, scopes: [], identity: addressIdentity(address) }
    if (tokens.length === 0) return nobody
    if (tokens.includes('basic')) {
      const caller = authenticateClient(state, credentials)
      // Counted separately: a client at the same address, or behind the same proxy, must not keep an add-on from
      // its tokens.
      const identity = caller.client ? `client ${caller.client.oauthId}` : nobody.identity
      return { ...nobody, ...caller, kind: 'basic', identity }
    }
    const caller = authenticate(state, credentials)
    // A user who becomes an administrator is one on their open pages, too.
    return caller.page && caller.user ? { ...caller, scopes: scopesOf(caller.user) } : caller
  }

  function admit({ route: { operation }, isOfPage }: Request, caller: Caller): void {
    if (isOfPage && operation.tokens.length > 0) requirePage(caller)
    checkKind(operation, caller)
    checkScopes(operation, caller)
  }

  return {
    admit,
    open(request) {
      const checks: ((caller: Caller) => void)[] = []
      const { address, url } = request
      const find = (): Caller => {
        const caller: Caller = {
          ...callerOf(request),
          address,
          url,
          hold(check) {
            check(caller)
            checks.push(check)
          },
          identify() {
            const now = find()
            admit(request, now)
            return now
          },
          renew() {
            const now = caller.identify()
            checkOwnRoom(request.route, now, state)
            for (const check of checks) check(now)
            return now
          },
        }
        return caller
      }
      return find()
    },
  }
}

function checkKind(operation: Operation, { kind }: Caller): void {
  if (kind === 'none' || operation.tokens.includes(kind)) return
  throw forbidden(
    `This action cannot be called with ${kindNames[kind]}; it requires ${operation.tokens.map((one) => kindNames[one]).join(' or ')}`,
  )
}

/** Scopes limit add-ons that act for a user and tokens made by hand; the chat page may do everything its user may. */
export function requirePage({ page }: Pick<Caller, 'page'>): void {
  if (!page) throw forbidden('This is for the chat page: sign in there, or use the API below /v2')
}

function checkScopes(operation: Operation, caller: Caller): void {
  if (operation.scopes.length === 0) return
  if (operation.scopes.some((scope) => caller.scopes.includes(scope))) return
  throw forbidden(
    `This action requires one of the following scopes: [${operation.scopes.map((scope) => `"${scope}"`).join(', ')}]`,
  )
}

/** Compared by id, since the path may name the room. An unknown room gets the same answer, which reveals nothing. */
export function checkOwnRoom({ operation, parameters }: Route, caller: Caller, state: State): void {
  if (caller.roomId === undefined || !operation.ownRoom) return
  if (state.rooms.find(parameters[operation.ownRoom] ?? '')?.id !== caller.roomId)
    throw forbidden('This token is bound to another room')
}

const kindNames: Readonly<Record<Exclude<Caller['kind'], 'none'>, string>> = {
  addon_group: "a group installation's token",
  addon_room: "a room installation's token",
  user: "a user's token",
  personal: 'a personal access token',
  room_notification: "a room's notification token",
  basic: 'OAuth client credentials',
}
