import { useSignal } from '@preact/signals'
import type { PageRoom } from '../../../pages/api.ts'
import { call } from '../api.ts'
import { asking } from '../asking.ts'
import { Avatar } from '../people/avatar.tsx'
import { people } from '../store.ts'
import { FormDialog } from './dialog.tsx'

const close = () => {
  asking.value = undefined
}

/** Invites people to a public room; makes them members of a private one. */
export function Invite({ room, userIds }: { room: PageRoom; userIds: readonly number[] }) {
  const chosen = useSignal<ReadonlySet<number>>(new Set(userIds))
  const inside = new Set(room.members ?? room.participants)
  const users = [...people.value.values()]
    .filter(({ id, is_deleted }) => !is_deleted && !inside.has(id))
    .sort((one, other) => one.name.localeCompare(other.name))
  const isPrivate = room.privacy === 'private'

  async function invite(text: (field: string) => string) {
    const reason = text('reason')
    const left = new Set(chosen.value)
    try {
      for (const { id } of users.filter((one) => chosen.value.has(one.id))) {
        const who = { id_or_name: room.id, id_or_email: id }
        if (isPrivate) await call('addRoomMember', who)
        else await call('inviteUserToRoom', { ...who, ...(reason === '' ? {} : { reason }) })
        left.delete(id)
      }
    } finally {
      chosen.value = left // who is not invited yet
    }
  }

  return (
    <FormDialog
      title={`Invite people to ${room.name}`}
      action={isPrivate ? 'Add to the room' : 'Invite'}
      isIncomplete={chosen.value.size === 0}
      save={invite}
      close={close}
    >
      {users.length === 0 && <p>Everybody is here already.</p>}
      <ul class="dialog-people">
        {users.map(({ id, name, photo_url, mention_name }) => (
          <li key={id}>
            <label>
              <input
                type="checkbox"
                checked={chosen.value.has(id)}
                onChange={(event) => {
                  const next = new Set(chosen.value)
                  if (event.currentTarget.checked) next.add(id)
                  else next.delete(id)
                  chosen.value = next
                }}
              />
              <Avatar id={id} name={name} url={photo_url} size={26} />
              {name} <span class="menu-from">@{mention_name}</span>
            </label>
          </li>
        ))}
      </ul>
      {!isPrivate && users.length > 0 && (
        <label class="field">
          <span>Why (if you like)</span>
          <input name="reason" maxLength={250} />
        </label>
      )}
    </FormDialog>
  )
}
