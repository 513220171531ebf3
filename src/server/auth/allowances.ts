import { CallRefusedError } from '../errors.ts'
import { type Allowance, addressKey, type Counter, type Limits, limitHeaders } from '../http/rate-limits.ts'
import type { Route } from '../http/routes.ts'
import type { State } from '../state/state.ts'
import type { Session } from './callers.ts'
import { maySee } from './room-rights.ts'

/** What counting a call came to. */
export interface Counted {
  readonly headers: Readonly<Record<string, string>>
  /** 429, if the call goes beyond a limit. */
  readonly refused?: CallRefusedError
}

/** Counts calls and messages, and tells what is left, with every answer. */
export interface Allowances {
  /** Uses up one unit of each limit an operation counts towards; a test of a token sends no message. */
  ofCall(route: Route, session: Session, onlyTest: boolean): Counted
  /**
   * Uses up a call that was refused before it was counted. With a good token the refusal stays what it is; without one
   * it is counted by address and becomes a 429 in the end, so that nobody tries tokens without end.
   */
  ofRefusal(route: Route | undefined, session: Session | undefined, address: string): Counted
  /** Uses up a call of a page that begins to listen: many people may be behind one address. */
  ofListener(session: Pick<Session, 'kind' | 'page' | 'identity'>): Counted
  /** Uses up a call of whoever is at an address. */
  ofAddress(address: string): Counted
  /** Uses up nothing: pages are for people to look at. */
  ofPage(address: string): Counted
}

export interface AllowanceOptions {
  readonly state: State
  readonly limits: Limits
  readonly calls: Counter
  readonly messages: Counter
}

/** The chat page makes more calls than a program that a person runs: a look into a room takes four. */
const pageFactor = 30

/** What callers without a token are counted by. */
export const addressIdentity = (address: string): string => `address ${addressKey(address)}`

export function createAllowances({ state, limits, calls, messages }: AllowanceOptions): Allowances {
  function limitFor({ kind, page }: Pick<Session, 'kind' | 'page'>): number {
    if (page) return limits.user * pageFactor
    return kind === 'user' || kind === 'personal' ? limits.user : limits.api
  }

  /**
   * The room or person a message goes to, by id: each name of a room counts towards the same limit. What does not exist
   * counts together with what the caller cannot see; otherwise the figures would tell the two apart.
   */
  function target({ parameters }: Route, session: Pick<Session, 'user'>): string {
    const { id_or_name: name, id_or_email: user } = parameters
    if (name === undefined) return `user ${state.people.find(user ?? '')?.id}`
    const room = state.rooms.find(name)
    return `room ${room && maySee(room, session) ? room.id : undefined}`
  }

  const sends = (route: Route | undefined): route is Route =>
    route?.operation.limits.includes('flood') ?? false

  const messageKey = (route: Route, session: Session) => `${session.identity} ${target(route, session)}`

  return {
    ofCall(route, session, onlyTest) {
      const call = calls.take(session.identity, limitFor(session))
      if (!sends(route)) return counted(call)
      const count = call.exceeded || onlyTest ? messages.peek : messages.take
      return counted(call, count(messageKey(route, session), limits.flood))
    },
    ofRefusal(route, session, address) {
      if (!session) return counted(calls.take(addressIdentity(address), limits.api))
      const call = calls.take(session.identity, limitFor(session))
      const message = sends(route) ? messages.peek(messageKey(route, session), limits.flood) : undefined
      return { headers: counted(call, message).headers }
    },
    ofListener: (session) => counted(calls.take(session.identity, limitFor(session))),
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
