import type { GoneRecord, RoomRecord, WebhookRecord } from './records.ts'
import type { State } from './state.ts'

/**
 * Removes what is left of deleted users and rooms, in parts: a thousand tokens, or a hundred thousand messages, in
 * one transaction would delay everyone else. From {@link Removals.begin} on nothing of theirs gives access: a
 * deleted user or room is refused wherever it is looked up. A server that is killed meanwhile continues at its next
 * start.
 */
export interface Removals {
  /** Call it inside the transaction that deletes the user or room. */
  begin(gone: GoneRecord): void
  /** Resolves when nothing is left. */
  finish(gone: GoneRecord): Promise<void>
  /** Finishes what an earlier start left. */
  resume(): Promise<void>
}

/** Records removed in one transaction, which takes a few milliseconds. */
const perTransaction = 50

/** Removes at most `most` records, inside a transaction, and returns how many were removed. */
type Step = (most: number) => number

/** Creates the removals of a state. */
export function createRemovals(state: State): Removals {
  const removeTokens =
    (whose: Parameters<State['tokens']['of']>[0]): Step =>
    (most) =>
      removeEach(state.tokens.of(whose, most), ({ hash }) => state.tokens.remove(hash))

  const removeWebhooks =
    (find: (most: number) => readonly WebhookRecord[]): Step =>
    (most) =>
      removeEach(find(most), state.webhooks.remove)

  const steps: Readonly<Record<GoneRecord['kind'], (id: number) => Step[]>> = {
    user: (userId) => [
      removeTokens({ userId }),
      removeTokens({ madeBy: userId }),
      removeWebhooks((most) => state.webhooks.ownedBy({ userId }, most)),
      leaveRooms(userId),
    ],
    room: (roomId) => [
      removeTokens({ roomId }),
      removeWebhooks((most) => state.webhooks.of(roomId, most)),
      (most) =>
        removeEach(state.messages.removeSome(roomId, most), ({ file }) => {
          if (file?.id !== undefined) state.files.remove(file.id)
        }),
    ],
  }

  /** Rooms that they owned keep them as owner: the group's administrators run such rooms. */
  function leaveRooms(userId: number): Step {
    const ids = [...new Set(state.rooms.idsAround(userId))]
    return (most) =>
      removeEach(ids.splice(0, most), (id) => {
        const room = state.rooms.get(id)
        if (room) leave(room, userId)
      })
  }

  function leave(room: RoomRecord, userId: number): void {
    const others = (ids: readonly number[] = []) => ids.filter((id) => id !== userId)
    const current =
      room.members.includes(userId) || room.admins?.includes(userId)
        ? state.rooms.change(room, { members: others(room.members), admins: others(room.admins) })
        : room
    if (current.participants.includes(userId))
      state.rooms.setParticipants(current, others(current.participants))
  }

  async function finish(gone: GoneRecord): Promise<void> {
    for (const step of steps[gone.kind](gone.id))
      for (let isOver = false; !isOver; )
        // The state may have been emptied meanwhile: then the id belongs to another record.
        isOver = await state.write(() => !state.gone.has(gone) || step(perTransaction) < perTransaction)
    await state.write(() => state.gone.remove(gone))
  }

  return {
    begin: (gone) => state.gone.add(gone),
    finish,
    async resume() {
      for (const gone of state.gone.all()) await finish(gone)
    },
  }
}

function removeEach<T>(all: readonly T[], remove: (one: T) => unknown): number {
  for (const one of all) remove(one)
  return all.length
}
