import { maySee, type Viewer } from '../auth/room-rights.ts'
import type { ClientRecord, RoomRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'

type Place = Pick<RoomRecord, 'id' | 'name'> | undefined

const mostLookedAt = 200
const mostNamed = 5

/**
 * What to know before an add-on is in the same room twice, for the group and for the room: it hears of everything twice, and
 * answers twice. Names the other installations, of rooms that the caller sees; nothing where there is none. `place`: the room of
 * the installation; the group when absent.
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
      `${name} is installed for the whole group too, as ${other.oauthId}. In ${place.name} both hear of everything, and both answer: remove one of them.`,
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
    `${name} is installed for single rooms too: ${[...named, ...rest].join(', ')}. There both hear of everything, and both answer: remove one of them.`,
  ]
}
