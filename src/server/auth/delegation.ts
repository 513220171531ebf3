import { type Descriptor, webhooksOf } from '../../api/descriptor.ts'
import type { EventName } from '../../api/events.ts'
import { type Scope, scopeNames } from '../../api/scopes.ts'
import { forbidden } from '../errors.ts'
import type { ClientRecord, Maker, UserRecord } from '../state/records.ts'
import type { Session } from './callers.ts'
import { scopesFor, scopesOf } from './granted-scopes.ts'

/**
 * Nothing that a caller makes is stronger than the caller: installations, webhooks and accounts are checked here against
 * the scopes of who makes them. Rooms are a matter of `access.ts`: what is made in a room is made by somebody who sees
 * it, and what is made for the group by somebody who administers it.
 */

/** Who calls, and what they may do now: a token may have more scopes than its user is left with. */
export const makerOf = ({ user, scopes }: Session): Maker => ({
  userId: user?.id ?? null,
  scopes: user ? scopesFor(user, scopes) : scopes,
})

/** Any one of these lets somebody learn by a call what a delivery of the event says. */
const scopesToLearn: Readonly<Record<EventName, readonly [Scope, ...Scope[]]>> = {
  room_message: ['view_messages'],
  room_notification: ['view_messages'],
  room_file_upload: ['view_messages'],
  room_topic_change: ['view_room', 'view_group'],
  room_enter: ['view_room', 'view_group'],
  room_exit: ['view_room', 'view_group'],
  room_created: ['view_room', 'view_group'],
  room_deleted: ['view_room', 'view_group'],
  room_archived: ['view_room', 'view_group'],
  room_unarchived: ['view_room', 'view_group'],
}

/** Whether an event tells no more than these scopes do. */
export const mayLearn = (event: EventName, scopes: readonly Scope[]): boolean =>
  scopesToLearn[event].some((scope) => scopes.includes(scope))

function requireToLearn(event: EventName, scopes: readonly Scope[]): void {
  if (mayLearn(event, scopes)) return
  const missing = scopesToLearn[event].join(' or ')
  throw forbidden(`A webhook for ${event} tells more than you may see: it takes the scope ${missing}`)
}

function requireScopes(what: string, wanted: readonly Scope[], scopes: readonly Scope[]): void {
  const surplus = wanted.find((scope) => !scopes.includes(scope))
  if (surplus !== undefined)
    throw forbidden(`${what} may do more than you: your token lacks the scope ${surplus}`)
}

/** 403 for an add-on that asks for more, or would be told more, than who installs it may have. */
export function requireForAddon(document: Descriptor, { scopes }: Maker): void {
  requireScopes('The add-on', document.capabilities?.hipchatApiConsumer?.scopes ?? [], scopes)
  for (const { event } of webhooksOf(document)) requireToLearn(event, scopes)
}

/**
 * 403 for a webhook that tells more than the caller may see. An add-on hears of events without a scope for them, as
 * HipChat's did: who approved it bounds what it hears.
 */
export const requireForWebhook = (event: EventName, session: Session): void =>
  session.hold(({ client, scopes }) => requireToLearn(event, client ? approvedBy(client) : scopes))

/** What whoever approved an installation could do at most. Older data does not say. */
export const approvedBy = ({ maker }: ClientRecord): readonly Scope[] => maker?.scopes ?? scopeNames

/**
 * 403 for a token that an add-on holds, its own or one that a user lent to it: what it makes here would be in its hands
 * when it is removed and the permission is taken back.
 */
export const requirePersonal = (what: string, session: Session): void =>
  session.hold(({ holder }) => {
    if (holder) throw forbidden(`${what} is for people to do, with a token of their own`)
  })

/**
 * 403 unless an administrator calls for themselves, with every scope: for what is told or done without a look at single
 * scopes, such as the deliveries of all add-ons, their secrets, and events that are made to happen.
 */
export function requireEverything(what: string, session: Session): void {
  requirePersonal(what, session)
  session.hold(({ scopes }) => {
    const missing = scopeNames.find((scope) => !scopes.includes(scope))
    if (missing !== undefined)
      throw forbidden(`${what} takes a token with all scopes: yours lacks the scope ${missing}`)
  })
}

/** 403 when the caller would get hold of an account that may do more: by making it, its password, or it an administrator. */
export function requireForAccount(account: Pick<UserRecord, 'isAdmin' | 'isGuest'>, session: Session): void {
  requirePersonal('Making administrators and setting passwords', session)
  session.hold(({ scopes }) => requireScopes('The account', scopesOf(account), scopes))
}

/** Whoever runs the server, who may do everything. */
export const operator: Maker = { userId: null, scopes: scopeNames }
