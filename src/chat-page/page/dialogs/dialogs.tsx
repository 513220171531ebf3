import { effect } from '@preact/signals'
import { asking } from '../asking.ts'
import { session } from '../session.ts'
import { rooms } from '../store.ts'
import { CreateRoom } from './create-room.tsx'
import { Invite } from './invite.tsx'
import { page } from './open.ts'
import { Shortcuts } from './shortcuts.tsx'
import { Status } from './status.tsx'
import { Switcher } from './switcher.tsx'
import { Viewer } from './viewer.tsx'

/** The open dialog of the page itself, if any. */
export function Dialogs() {
  const asked = asking.value
  const room = asked?.kind === 'invite' ? rooms.value.get(asked.roomId) : undefined
  return (
    <>
      {asked?.kind === 'create room' && <CreateRoom {...asked} />}
      {asked?.kind === 'invite' && room && <Invite room={room} userIds={asked.userIds} />}
      {asked?.kind === 'files' && <Viewer files={asked.files} at={asked.at} />}
      {page.value === 'switcher' && <Switcher />}
      {page.value === 'shortcuts' && <Shortcuts />}
      {page.value === 'status' && <Status />}
    </>
  )
}

// No dialog stays open for the next person.
effect(() => {
  if (session.value) return
  asking.value = undefined
  page.value = undefined
})

const isWriting = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))

addEventListener('keydown', (event) => {
  if (!session.value || asking.peek() || document.querySelector('dialog[open]')) return
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'k') {
    event.preventDefault()
    page.value = 'switcher'
  } else if (event.key === '?' && !isWriting(event.target)) {
    event.preventDefault()
    page.value = 'shortcuts'
  }
})
