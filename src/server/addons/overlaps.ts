import { maySee, type Viewer } from '../auth/room-rights.ts'
import type { ClientRecord, RoomRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'

type Place = Pick<RoomRecord, 'id' | 'name'> | undefined

const mostLookedAt = 200
const mostNamed = 5

/**
 * Warnings for an add-on that is in the same room twice, through its installation in the room and through one for
 * the group: it gets every event twice, and answers twice. Names the other installations, in rooms that the caller
 * may see; empty when there are none. `place` is the room of the installation; the group when absent.
 */
export function overlapWarnings(
  { key, name }: Pick<ClientRecord, 'key' | 'name'>,
  place: Place,
  viewer: Viewer,
  state: Pick<State, 'clients' | 'rooms'>,
): string[] {
  if (place) {
    const other = state.clients.installed(key, null)
    if (!other) return []
    return [
      `${name} is installed for the whole group too, as ${other.oauthId}. In ${place.name} both get every event, and both answer: remove one of them.`,
    ]
  }
  const others = state.clients.withKey(key, mostLookedAt).flatMap(({ oauthId, roomId }) => {
    const room = roomId === null ? undefined : state.rooms.get(roomId)
    return room && maySee(room, viewer) ? [`in ${room.name} as ${oauthId}`] : []
  })
  if (others.length === 0) return []
  const named = others.slice(0, mostNamed)
  const rest = others.length > mostNamed ? [`in ${others.length - mostNamed} more rooms`] : []
  return [
    `${name} is installed for single rooms too: ${[...named, ...rest].join(', ')}. There both get every event, and both answer: remove one of them.`,
  ]
}
