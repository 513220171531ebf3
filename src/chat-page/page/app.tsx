import { useSignal } from '@preact/signals'
import type { ComponentType } from 'preact'
import { useEffect } from 'preact/hooks'
import { Dialogs } from './dialogs/dialogs.tsx'
import { Icon } from './icons.tsx'
import { waiting } from './messages/timeline.ts'
import { ModuleDialog } from './modules/dialog.tsx'
import { Sidebar } from './modules/sidebar.tsx'
import { NavigationButton, opened } from './opening.tsx'
import { Person } from './person.tsx'
import { place } from './place.ts'
import { Room } from './room.tsx'
import { Rooms } from './rooms.tsx'
import { session, signedOut } from './session.ts'
import { SignIn } from './sign-in.tsx'
import { group, isAskedFor, loading, me, people, room } from './store.ts'
import { unreadSum } from './unread.ts'
import { connection } from './updates.ts'
import './app.css'

const Addons = later(async () => (await import('./addons/addons.tsx')).Addons)
const Tokens = later(async () => (await import('./addons/tokens.tsx')).Tokens)
const Inspector = later(async () => (await import('./inspector/inspector.tsx')).Inspector)

/** The whole page: signing in, or the rooms, the current place and what is open next to it. */
export function App() {
  useTitle()
  if (!session.value) return <SignIn />
  if (loading.value === 'loading')
    return (
      <p class="notice" role="status">
        Loading…
      </p>
    )
  if (loading.value)
    return (
      <main class="notice">
        <p role="alert">{loading.value.failed}</p>
        <p class="app-again">
          <button type="button" class="button-main" onClick={() => location.reload()}>
            Try again
          </button>{' '}
          <button type="button" class="button" onClick={signedOut}>
            Sign out
          </button>
        </p>
      </main>
    )
  const { value: over } = opened
  return (
    <div class={over === undefined ? 'app' : `app app-${over}-open`}>
      <div class="app-nav">
        <Rooms />
      </div>
      {over !== undefined && (
        <button
          type="button"
          class="app-cover"
          aria-label="Back to the chat"
          onClick={() => {
            opened.value = undefined
          }}
        />
      )}
      <main class="app-main">
        <Connection />
        <Here />
      </main>
      <div class="app-side">{room.value && <Sidebar key={room.value.id} room={room.value} />}</div>
      <ModuleDialog />
      <Dialogs />
    </div>
  )
}

function Here() {
  const { value } = place
  if (value.kind === 'room' && room.value) return <Room key={room.value.id} room={room.value} />
  if (value.kind === 'person') {
    const user = people.value.get(value.id)
    if (user && user.id !== me.value?.id) return <Person key={user.id} user={user} />
  }
  if (value.kind === 'lobby') return <Lobby missing={false} />
  if (value.kind === 'room' || value.kind === 'person')
    return isAskedFor(value.kind, value.id) ? <p role="status">Loading…</p> : <Lobby missing={true} />
  return (
    <div class="app-tool">
      <div class="app-tool-head only-narrow">
        <NavigationButton />
      </div>
      {value.kind === 'inspector' && <Inspector />}
      {value.kind === 'tokens' && <Tokens />}
      {value.kind === 'addons' && <Addons key={value.room} room={value.room} />}
    </div>
  )
}

function Lobby({ missing }: { missing: boolean }) {
  return (
    <div class="app-lobby">
      <NavigationButton />
      <h1>{missing ? 'There is nothing here' : `Hello ${me.value?.name ?? ''}`}</h1>
      <p>
        {missing
          ? 'No room or person has this address, or you may not see it. '
          : `You are in ${group.value.name}. `}
        Choose a room or a person on the left, or press <kbd>Ctrl+K</kbd> and type a few letters of the name.
      </p>
      <p>
        Every room shows what its add-ons wait for above the field in which you write; type <kbd>/</kbd> there
        to see it again.
      </p>
    </div>
  )
}

/** Says that the connection is lost, which messages wait for it, and briefly that it is back. */
function Connection() {
  const was = useSignal<'open' | 'down' | 'back'>('open')
  const { value } = connection
  useEffect(() => {
    if (value === 'down') was.value = 'down'
    if (value !== 'open' || was.peek() !== 'down') return
    was.value = 'back'
    const timer = setTimeout(() => {
      was.value = 'open'
    }, 4_000)
    return () => clearTimeout(timer)
  }, [value])
  const queued = waiting.value
  return (
    <div role="status" class={`connection connection-${was.value}`}>
      {was.value === 'down' && (
        <>
          <Icon name="pulse" /> The server cannot be reached. Trying again…
          {queued > 0 && ` ${queued === 1 ? 'One message waits' : `${queued} messages wait`} to be sent.`}
        </>
      )}
      {was.value === 'back' && 'Connected again.'}
    </div>
  )
}

function useTitle(): void {
  const { value: here } = place
  const name =
    here.kind === 'room'
      ? room.value?.name
      : here.kind === 'person'
        ? people.value.get(here.id)?.name
        : undefined
  const count = session.value ? unreadSum.value : 0
  const title = [name, group.value.name || 'Chat'].filter(Boolean).join(' – ')
  useEffect(() => {
    document.title = count > 0 ? `(${count}) ${title}` : title
  }, [count, title])
}

/** A part of the page that most visitors never open: its script is loaded on demand. */
function later<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  return function Later(props: Props) {
    const found = useSignal<{ readonly Part: ComponentType<Props> } | 'failed' | undefined>(undefined)
    useEffect(() => {
      load().then(
        (Part) => {
          found.value = { Part }
        },
        () => {
          found.value = 'failed'
        },
      )
    }, [])
    if (found.value === 'failed')
      return <p role="alert">This part of the page could not be loaded. Reload the page to try again.</p>
    return found.value ? <found.value.Part {...props} /> : <p role="status">Loading…</p>
  }
}
