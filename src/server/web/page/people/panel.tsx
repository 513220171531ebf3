import type { PageRoom, PageUser } from '../../../pages/api.ts'
import { Link } from '../link.tsx'
import { me, people } from '../store.ts'
import { Avatar, Presence } from './avatar.tsx'

/** Who is in a room now, and of a private one who else may be. */
export function PeoplePanel({ room }: { room: PageRoom }) {
  const named = (ids: readonly number[]): PageUser[] =>
    ids
      .flatMap((id) => people.value.get(id) ?? [])
      .filter((user) => !user.is_deleted)
      .sort((one, other) => one.name.localeCompare(other.name))
  const here = named(room.participants)
  const others = named((room.members ?? []).filter((id) => !room.participants.includes(id)))
  return (
    <section class="people" aria-label="People in this room">
      <List title={`In the room: ${here.length}`} users={here} owner={room.owner_id} />
      {room.privacy === 'private' && others.length > 0 && (
        <List title={`Other members: ${others.length}`} users={others} owner={room.owner_id} />
      )}
    </section>
  )
}

function List({ title, users, owner }: { title: string; users: readonly PageUser[]; owner: number }) {
  return (
    <div>
      <h2>{title}</h2>
      <ul>
        {users.map((user) => (
          <li key={user.id}>
            {user.id === me.value?.id ? (
              <span class="people-one">
                <Person user={user} owner={owner} />
              </span>
            ) : (
              <Link to={{ kind: 'person', id: user.id }} class="people-one">
                <Person user={user} owner={owner} />
              </Link>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}

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
