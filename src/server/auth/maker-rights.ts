import { type Descriptor, webhooksOf } from '../../api/descriptor.ts'
import type { EventName } from '../../api/events.ts'
import { type Scope, scopeNames } from '../../api/scopes.ts'
import { forbidden } from '../errors.ts'
import type { ClientRecord, Maker, UserRecord } from '../state/records.ts'
import type { Caller } from './callers.ts'
import { scopesFor, scopesOf } from './granted-scopes.ts'

/**
 * No caller can make anything that has more rights than the caller: installations, webhooks and accounts are
 * checked here against the scopes of their maker. Rooms are checked in `access.ts`: only a person who sees a room
 * makes something in it, and only an administrator of the group makes something for the group.
 */

/** The caller as a maker, with their current rights: a token may have more scopes than its user has left. */
export const makerOf = ({ user, scopes }: Caller): Maker => ({
  userId: user?.id ?? null,
  scopes: user ? scopesFor(user, scopes) : scopes,
})

/** Each of these scopes gives access, by API calls, to what a delivery of the event contains. */
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

/** Whether these scopes give access to what an event contains. */
export const mayLearn = (event: EventName, scopes: readonly Scope[]): boolean =>
  scopesToLearn[event].some((scope) => scopes.includes(scope))

function requireToLearn(event: EventName, scopes: readonly Scope[]): void {
  if (mayLearn(event, scopes)) return
  const missing = scopesToLearn[event].join(' or ')
  throw forbidden(`A webhook for ${event} contains more than you may see: it requires the scope ${missing}`)
}

function requireScopes(what: string, wanted: readonly Scope[], scopes: readonly Scope[]): void {
  const surplus = wanted.find((scope) => !scopes.includes(scope))
  if (surplus !== undefined)
    throw forbidden(`${what} may do more than you: your token lacks the scope ${surplus}`)
}

/** 403 for an add-on that asks for more scopes, or listens for more events, than the installing person may have. */
export function requireForAddon(document: Descriptor, { scopes }: Maker): void {
  requireScopes('The add-on', document.capabilities?.hipchatApiConsumer?.scopes ?? [], scopes)
  for (const { event } of webhooksOf(document)) requireToLearn(event, scopes)
}

/**
 * 403 for a webhook whose deliveries contain more than the caller may see. As in HipChat, an add-on needs no scopes
 * for its events: the approver's rights limit what it gets.
 */
export const requireForWebhook = (event: EventName, caller: Caller): void =>
  caller.hold(({ client, scopes }) => requireToLearn(event, client ? approvedBy(client) : scopes))

/** The most that the approver of an installation could do. Older data does not record it. */
export const approvedBy = ({ maker }: ClientRecord): readonly Scope[] => maker?.scopes ?? scopeNames

/**
 * 403 for a token that an add-on holds, its own or a user's: what it makes here would stay in its hands after it is
 * removed and the permission is revoked.
 */
export const requirePersonal = (what: string, caller: Caller): void =>
  caller.hold(({ holder }) => {
    if (holder) throw forbidden(`${what} requires a token that no add-on holds`)
  })

/**
 * 403 unless an administrator calls for themselves, with every scope: for operations that do not check single
 * scopes, such as reading the deliveries or secrets of all add-ons and triggering events.
 */
export function requireEverything(what: string, caller: Caller): void {
  requirePersonal(what, caller)
  caller.hold(({ scopes }) => {
    const missing = scopeNames.find((scope) => !scopes.includes(scope))
    if (missing !== undefined)
      throw forbidden(`${what} requires a token with all scopes: yours lacks the scope ${missing}`)
  })
}

/**
 * 403 when the caller would gain control of an account with more rights, by creating it, setting its password or
 * making it an administrator.
 */
export function requireForAccount(account: Pick<UserRecord, 'isAdmin' | 'isGuest'>, caller: Caller): void {
  requirePersonal('Making administrators and setting passwords', caller)
  caller.hold(({ scopes }) => requireScopes('The account', scopesOf(account), scopes))
}

/** The operator of the server, who may do everything. */
export const operator: Maker = { userId: null, scopes: scopeNames }
