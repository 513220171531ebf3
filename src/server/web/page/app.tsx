import { Addons } from './addons/addons.tsx'
import { Tokens } from './addons/tokens.tsx'
import { Inspector } from './inspector/inspector.tsx'
import { ModuleDialog } from './modules/dialog.tsx'
import { Sidebar } from './modules/sidebar.tsx'
import { place } from './place.ts'
import { Room } from './room.tsx'
import { Rooms } from './rooms.tsx'
import { session } from './session.ts'
import { SignIn } from './sign-in.tsx'
import { loading, me, room } from './store.ts'
import { connection } from './updates.ts'

export function App() {
  if (!session.value) return <SignIn />
  if (loading.value === 'loading') return <p class="notice">Loading…</p>
  if (loading.value) return <p class="notice">{loading.value.failed}</p>
  return (
    <div class="app">
      <Rooms />
      <main>
        {connection.value === 'down' && <p role="status">The server cannot be reached. Trying again…</p>}
        <Here />
      </main>
      {room.value && <Sidebar key={room.value.id} room={room.value} />}
      <ModuleDialog />
    </div>
  )
}

function Here() {
  const { value } = place
  if (value.kind === 'inspector') return <Inspector />
  if (value.kind === 'tokens') return <Tokens />
  if (value.kind === 'addons') return <Addons key={value.room} room={value.room} />
  if (room.value) return <Room key={room.value.id} room={room.value} />
  return <p>Hello {me.value?.name}</p>
}
