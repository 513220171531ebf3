import { CallRefusedError } from '../errors.ts'
import type { Route } from '../http/routes.ts'
import {
  type Allowance,
  addressKey,
  type Counter,
  type Limits,
  limitHeaders,
} from '../http/window-counter.ts'
import type { State } from '../state/state.ts'
import type { Caller } from './callers.ts'
import { maySee } from './room-rights.ts'

/** Result of counting a call. */
export interface Counted {
  readonly headers: Readonly<Record<string, string>>
  /** 429, if the call exceeds a limit. */
  readonly refused?: CallRefusedError
}

/** Counts calls and messages, and reports in every answer what is left. */
export interface Allowances {
  /**
   * Uses up one unit of each limit that an operation counts towards. A call that only tests a token sends no
   * message.
   */
  ofCall(route: Route, caller: Caller, onlyTest: boolean): Counted
  /**
   * Uses up one unit for a call that was refused before it was counted. With a good token the refusal stays as it
   * is. Without one it is counted by address and becomes a 429 in the end, so that nobody can try tokens forever.
   */
  ofRefusal(route: Route | undefined, caller: Caller | undefined, address: string): Counted
  /**
   * Uses up one unit for a page that opens its connection. Many people may share one address, so these count by
   * user.
   */
  ofListener(caller: Pick<Caller, 'kind' | 'page' | 'identity'>): Counted
  /** Uses up one unit of an address. */
  ofAddress(address: string): Counted
  /** Uses up nothing: pages are for people. */
  ofPage(address: string): Counted
}

/** What {@link createAllowances} counts with. */
export interface AllowanceOptions {
  readonly state: State
  readonly limits: Limits
  readonly calls: Counter
  readonly messages: Counter
}

/** The chat page makes more calls than a person's program: opening a room takes four. */
const pageFactor = 30

/** Key that callers without a token are counted by. */
export const addressIdentity = (address: string): string => `address ${addressKey(address)}`

/** Creates the counting of calls and messages. */
export function createAllowances({ state, limits, calls, messages }: AllowanceOptions): Allowances {
  function limitFor({ kind, page }: Pick<Caller, 'kind' | 'page'>): number {
    if (page) return limits.user * pageFactor
    return kind === 'user' || kind === 'personal' ? limits.user : limits.api
  }

  /**
   * Id of the room or person that a message goes to, so that all names of a room share one limit. Targets that do
   * not exist and targets that the caller cannot see are counted together; otherwise the numbers would tell them
   * apart.
   */
  function target({ parameters }: Route, caller: Pick<Caller, 'user'>): string {
    const { id_or_name: name, id_or_email: user } = parameters
    if (name === undefined) return `user ${state.people.find(user ?? '')?.id}`
    const room = state.rooms.find(name)
    return `room ${room && maySee(room, caller) ? room.id : undefined}`
  }

  const sends = (route: Route | undefined): route is Route =>
    route?.operation.limits.includes('flood') ?? false

  const messageKey = (route: Route, caller: Caller) => `${caller.identity} ${target(route, caller)}`

  return {
    ofCall(route, caller, onlyTest) {
      const call = calls.take(caller.identity, limitFor(caller))
      if (!sends(route)) return counted(call)
      const count = call.exceeded || onlyTest ? messages.peek : messages.take
      return counted(call, count(messageKey(route, caller), limits.flood))
    },
    ofRefusal(route, caller, address) {
      if (!caller) return counted(calls.take(addressIdentity(address), limits.api))
      const call = calls.take(caller.identity, limitFor(caller))
      const message = sends(route) ? messages.peek(messageKey(route, caller), limits.flood) : undefined
      return { headers: counted(call, message).headers }
    },
    ofListener: (caller) => counted(calls.take(caller.identity, limitFor(caller))),
    ofAddress: (address) => counted(calls.take(addressIdentity(address), limits.api)),
    ofPage: (address) => counted(calls.peek(addressIdentity(address), limits.api)),
  }
}

function counted(call: Allowance, message?: Allowance): Counted {
  const exceeded = [call, message].find((allowance) => allowance?.exceeded)
  return {
    headers: {
      ...limitHeaders('X-Ratelimit', call),
      ...(message ? limitHeaders('X-FloodControl', message) : {}),
    },
    ...(exceeded ? { refused: tooMany(exceeded) } : {}),
  }
}

const tooMany = ({ reset }: Allowance): CallRefusedError =>
  new CallRefusedError(429, 'Rate Limit exceeded', {
    headers: { 'Retry-After': String(Math.max(1, reset - Math.floor(Date.now() / 1000))) },
  })
