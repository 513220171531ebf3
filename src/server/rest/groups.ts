import type { Handlers } from '../context.ts'
import { notFound } from '../errors.ts'
import { walked } from '../http/paging.ts'
import type { GroupRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'

export const groupHandlers: Pick<Handlers, 'viewGroup' | 'getGroupStatistics'> = {
  viewGroup: ({ group_id }, _session, { state, present }) => present.group(findGroup(state, group_id)),

  async getGroupStatistics({ group_id }, _session, { state }) {
    findGroup(state, group_id)
    let users = 0
    const isCounted = ({ isDeleted, isGuest }: UserRecord) => !isDeleted && !isGuest
    for await (const chunk of walked(state.people.from, isCounted)) users += chunk.length
    return { users }
  },
}

/** There is only one group, and only its own users can call. */
export function findGroup(state: State, id: string | number): GroupRecord {
  const group = state.group()
  if (!group || String(group.id) !== String(id)) throw notFound('Group', id)
  return group
}
