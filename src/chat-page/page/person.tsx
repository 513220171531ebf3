import { useMemo } from 'preact/hooks'
import type { PageUser } from '../../server/chat-page/routes.ts'
import { MessageList } from './messages/list.tsx'
import { timelineOf } from './messages/timeline.ts'
import { NavigationButton } from './opening.tsx'
import { Avatar, availabilityNames, availabilityOf, Presence } from './people/avatar.tsx'
import { Field } from './writing/field.tsx'
import './room.css'

/** A one-to-one chat. */
export function Person({ user }: { user: PageUser }) {
  const timeline = useMemo(() => timelineOf({ kind: 'person', id: user.id }), [user.id])
  const { status_text } = user.presence ?? {}
  return (
    <section class="room" aria-label={user.name}>
      <header class="room-head">
        <NavigationButton />
        <Avatar id={user.id} name={user.name} url={user.photo_url} size={32} />
        <div class="room-titles">
          <h1 class="room-name">
            {user.name} <Presence user={user} />
          </h1>
          <p class="room-topic">
            <span>
              {[`@${user.mention_name}`, user.title, availabilityNames[availabilityOf(user)], status_text]
                .filter(Boolean)
                .join(' · ')}
            </span>
          </p>
        </div>
      </header>
      <div class="room-middle">
        <div class="room-talk">
          <MessageList timeline={timeline}>
            <div class="room-beginning">
              <h2>You and {user.name}</h2>
              <p>Only the two of you can see these messages.</p>
            </div>
          </MessageList>
          {user.is_deleted ? (
            <p class="room-archived" role="status">
              {user.name} is not in this group any more.
            </p>
          ) : (
            <Field timeline={timeline} label={`Message ${user.name}`} placeholder={`Message ${user.name}`} />
          )}
        </div>
      </div>
    </section>
  )
}
