import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { PageRoom, PageUser } from '../../../server/chat-page/routes.ts'
import { Link } from '../link.tsx'
import { More } from '../more.tsx'
import { me } from '../store.ts'
import { Avatar, Presence } from './avatar.tsx'
import { roomPeople } from './room-people.ts'

/** The people in a room now, and the other members of a private one. */
export function PeoplePanel({ room }: { room: PageRoom }) {
  return (
    <section class="people" aria-label="People in this room">
      <List room={room} absent={false} />
      {room.privacy === 'private' && <List room={room} absent={true} />}
    </section>
  )
}

function List({ room, absent }: { room: PageRoom; absent: boolean }) {
  const list = useSignal(roomPeople(room.id, absent))
  const problem = useSignal('')
  useEffect(() => {
    const { value } = list
    value.more().catch((error: Error) => {
      problem.value = error.message
    })
    return value.follow()
  }, [])
  const { people, total, isComplete, more } = list.value
  const users = people.value.filter(({ is_deleted }) => !is_deleted).sort(byName)
  if (absent && users.length === 0 && !problem.value) return null
  return (
    <div>
      <h2>{absent ? `Other members: ${total.value}` : `In the room: ${total.value}`}</h2>
      <ul>
        {users.map((user) => (
          <li key={user.id}>
            {user.id === me.value?.id ? (
              <span class="people-one">
                <Person user={user} owner={room.owner_id} />
              </span>
            ) : (
              <Link to={{ kind: 'person', id: user.id }} class="people-one">
                <Person user={user} owner={room.owner_id} />
              </Link>
            )}
          </li>
        ))}
      </ul>
      {problem.value && (
        <p role="alert" class="problem">
          {problem.value}
        </p>
      )}
      {users.length > 0 && !isComplete.value && <More label="More people" load={more} />}
    </div>
  )
}

const byName = (one: PageUser, other: PageUser): number => one.name.localeCompare(other.name)

function Person({ user, owner }: { user: PageUser; owner: number }) {
  return (
    <>
      <Avatar id={user.id} name={user.name} url={user.photo_url} size={24} />
      <span class="people-name">
        {user.name}
        {user.id === owner && <span class="people-status">owner</span>}
        {user.presence?.status_text && <span class="people-status">{user.presence.status_text}</span>}
      </span>
      <Presence user={user} />
    </>
  )
}
