import type { Handlers } from '../context.ts'
import { notFound } from '../errors.ts'
import type { GroupRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'

export const groupHandlers: Pick<Handlers, 'viewGroup' | 'getGroupStatistics'> = {
  viewGroup: ({ group_id }, _session, { state, present }) => present.group(findGroup(state, group_id)),

  getGroupStatistics({ group_id }, _session, { state }) {
    findGroup(state, group_id)
    return { users: state.people.all().filter((user) => !user.isDeleted && !user.isGuest).length }
  },
}

/** There is one group, and only its own people ask. */
export function findGroup(state: State, id: string | number): GroupRecord {
  const group = state.group()
  if (!group || String(group.id) !== String(id)) throw notFound('Group', id)
  return group
}
