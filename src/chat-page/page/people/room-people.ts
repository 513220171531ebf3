import { computed, type ReadonlySignal, signal } from '@preact/signals'
import type { PageUser } from '../../../server/chat-page/routes.ts'
import { call } from '../api.ts'
import { hear, keepPeople, people, personOf } from '../store.ts'

/** The people in a room, or its other members: as far as loaded, and updated as people enter and leave. */
export interface RoomPeople {
  readonly people: ReadonlySignal<readonly PageUser[]>
  readonly total: ReadonlySignal<number>
  readonly isComplete: ReadonlySignal<boolean>
  more(): Promise<void>
  /** Follows changes until the returned function is called. */
  follow(): () => void
}

/** The people in a room, or those of the group who are not, loaded in parts. */
export function roomPeople(roomId: number, absent: boolean): RoomPeople {
  const ids = signal<ReadonlySet<number>>(new Set())
  const total = signal(0)
  const next = signal<number | null>(0)

  async function more(): Promise<void> {
    if (next.value === null) return
    const part = await call('getRoomPeople', { room_id: roomId, absent, after: next.value })
    keepPeople(part.items)
    ids.value = new Set([...ids.value, ...part.items.map(({ id }) => id)])
    total.value = part.total
    next.value = part.next
  }

  function restart(): void {
    next.value = 0
    ids.value = new Set()
    more().catch(() => {}) // the list is incomplete then, and the page says so
  }

  return {
    people: computed(() => [...ids.value].flatMap((id) => people.value.get(id) ?? [])),
    total,
    isComplete: computed(() => next.value === null),
    more,
    follow() {
      const ends = [
        hear('participant', ({ room_id, user_id, is_here, participants }) => {
          if (room_id !== roomId) return
          // People who leave the room become other members, unless the room itself has changed too.
          const isListed = is_here !== absent
          const changed = new Set(ids.value)
          if (isListed) {
            personOf(user_id)
            changed.add(user_id)
          } else changed.delete(user_id)
          if (absent) total.value += isListed ? 1 : -1
          else total.value = participants
          ids.value = changed
        }),
        hear('room', ({ id }) => {
          if (id === roomId && absent) restart() // its members may have changed
        }),
        hear('reset', restart),
      ]
      return () => {
        for (const end of ends) end()
      }
    },
  }
}

const mostParts = 10

/** Everybody who is in a room now; at most a thousand. */
export async function participantsOf(roomId: number): Promise<readonly PageUser[]> {
  const found: PageUser[] = []
  let after: number | null = 0
  for (let part = 0; part < mostParts && after !== null; part += 1) {
    const { items, next }: { items: readonly PageUser[]; next: number | null } = await call('getRoomPeople', {
      room_id: roomId,
      after,
    })
    found.push(...items)
    after = next
  }
  return found
}
