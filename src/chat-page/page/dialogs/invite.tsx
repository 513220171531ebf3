import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { PageRoom, PageUser } from '../../../server/chat-page/routes.ts'
import { call } from '../api.ts'
import { asking } from '../asking.ts'
import { limitedTo } from '../characters.ts'
import { Avatar } from '../people/avatar.tsx'
import { isFoundBy } from '../people/finding.ts'
import { nextPeople, people, personOf, searchPeople } from '../store.ts'
import { FormDialog } from './dialog.tsx'

const close = () => {
  asking.value = undefined
}

const mostShown = 100

/** Invites people to a public room; makes them members of a private one. */
export function Invite({ room, userIds }: { room: PageRoom; userIds: readonly number[] }) {
  const chosen = useSignal<ReadonlySet<number>>(new Set(userIds))
  const inside = useSignal<ReadonlySet<number>>(new Set())
  const typed = useSignal('')
  const isPrivate = room.privacy === 'private'
  const isSomewhere = ({ id, name, mention_name }: PageUser) =>
    chosen.value.has(id) || isFoundBy(typed.value.trim(), name, mention_name)
  const others = [...people.value.values()]
    .filter(({ id, is_deleted }) => !is_deleted && !inside.value.has(id))
    .sort((one, other) => one.name.localeCompare(other.name))
  const users = others.filter(isSomewhere).slice(0, mostShown)

  useEffect(() => {
    const asked = [false, ...(isPrivate ? [true] : [])].map((absent) =>
      call('getRoomPeople', { room_id: room.id, absent }),
    )
    Promise.all(asked).then(
      (parts) => {
        inside.value = new Set(parts.flatMap(({ items }) => items.map(({ id }) => id)))
      },
      () => {}, // then the list also contains people already in the room, which is harmless
    )
    for (const id of userIds) personOf(id)
  }, [])

  async function invite(text: (field: string) => string) {
    const reason = text('reason')
    const left = new Set(chosen.value)
    try {
      for (const id of [...chosen.value].filter((one) => !inside.value.has(one))) {
        const who = { id_or_name: room.id, id_or_email: id }
        if (isPrivate) await call('addRoomMember', who)
        else await call('inviteUserToRoom', { ...who, ...(reason === '' ? {} : { reason }) })
        left.delete(id)
      }
    } finally {
      chosen.value = left // not invited yet
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
      {(nextPeople.value !== null || others.length > mostShown) && (
        <label class="field">
          <span>Find people</span>
          <input
            type="search"
            value={typed.value}
            onInput={(event) => {
              typed.value = event.currentTarget.value
              searchPeople(typed.value.trim()).catch(() => {})
            }}
          />
        </label>
      )}
      {users.length === 0 && (
        <p>{others.length === 0 ? 'Everybody is already here.' : 'Nobody has that name.'}</p>
      )}
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
          <span>Reason (optional)</span>
          <input name="reason" {...limitedTo(250)} />
        </label>
      )}
    </FormDialog>
  )
}
