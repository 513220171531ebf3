import { type Descriptor, placesOf } from '../../api/descriptor.ts'
import type { Scope } from '../../api/scopes.ts'
import { mayRun, maySee } from '../auth/room-rights.ts'
import { badRequest } from '../errors.ts'
import type { ClientRecord, RoomRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { clientFrom } from './descriptors.ts'

/** Whether the person who approved an installation exists, and may still install there. */
export function mayStillInstall({ maker, roomId }: ClientRecord, state: State): boolean {
  if (maker === undefined || maker.userId === null) return true
  const user = state.people.get(maker.userId)
  if (!user || user.isDeleted) return false
  if (roomId === null) return user.isAdmin
  const room = state.rooms.get(roomId)
  return room !== undefined && maySee(room, { user }) && mayRun(room, user)
}

/** 400 when the descriptor does not allow this place. */
export function checkPlace(document: Descriptor, room: RoomRecord | undefined): void {
  const places = placesOf(document)
  if (room && !places.room)
    throw badRequest('The add-on can only be installed for the whole group (allowRoom is false)', 'room_id')
  if (!room && !places.global)
    throw badRequest('The add-on can only be installed in a room (allowGlobal is false)', 'room_id')
}

/**
 * Most add-ons in one room, or for the whole group. Each is notified of every message there, and is part of the
 * chat page's requests.
 */
const mostInstalled = 100

/** 400 when a further add-on would exceed {@link mostInstalled}. */
export function checkCount(
  clients: readonly ClientRecord[],
  key: string,
  room: RoomRecord | undefined,
): void {
  const there = new Set(
    clients.filter(({ roomId }) => roomId === (room?.id ?? null)).map((client) => client.key),
  )
  if (there.size >= mostInstalled && !there.has(key))
    throw badRequest(
      `${room ? `Room ${room.name}` : 'The group'} has ${there.size} add-ons already, expected fewer than ${mostInstalled}`,
    )
}

/** 400 when the descriptor asks for more than was approved: it may have changed since it was shown. */
export function checkApproved(document: Descriptor, approved: readonly string[] | undefined): void {
  const more = clientFrom(document).scopes.filter((scope) => approved && !approved.includes(scope))
  if (more.length > 0)
    throw badRequest(`The descriptor asks for more than was approved: ${more.join(', ')}`, 'scopes')
}

/** The descriptor, asking only for the scopes that are granted. */
export function limited(document: Descriptor, granted: readonly Scope[] | undefined): Descriptor {
  const consumer = document.capabilities?.hipchatApiConsumer
  if (!granted || !consumer) return document
  const scopes = consumer.scopes.filter((scope) => granted.includes(scope))
  return {
    ...document,
    capabilities: { ...document.capabilities, hipchatApiConsumer: { ...consumer, scopes } },
  }
}
