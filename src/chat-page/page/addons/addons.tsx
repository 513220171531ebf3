import './tools.css'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import type { PageIntegration, PageRoom } from '../../../server/chat-page/routes.ts'
import { Link } from '../link.tsx'
import { More } from '../more.tsx'
import { goTo } from '../place.ts'
import {
  allIntegrations,
  hear,
  isAskedFor,
  me,
  moreRooms,
  nextRooms,
  roomOf,
  rooms,
  searchRooms,
} from '../store.ts'
import { Install } from './install.tsx'
import { Integration } from './integration.tsx'
import { wanted } from './wanted.ts'
import { Problem } from './work.tsx'

/** The add-ons of a room, or of the group: installing, configuring, updating, removing. */
export function Addons({ room: id }: { room: number | undefined }) {
  const room = id === undefined ? undefined : roomOf(id)
  useEffect(() => {
    const { room: named } = wanted.value
    if (named === '') return
    wanted.value = { ...wanted.value, room: '' }
    const go = () => {
      const found = [...rooms.value.values()].find((one) => String(one.id) === named || isNamed(one, named))
      if (found) goTo({ kind: 'addons', room: found.id })
      return found
    }
    if (go()) return
    if (/^\d{1,15}$/.test(named)) goTo({ kind: 'addons', room: Number(named) })
    else searchRooms(named).then(go, () => {})
  }, [])
  return (
    <section class="tools" aria-labelledby="addons-title">
      <header class="tools-head">
        <h1 id="addons-title">Add-ons</h1>
        <label class="field tools-inline">
          <span>of</span>
          <select
            aria-label="Add-ons of"
            value={room ? String(room.id) : ''}
            onChange={({ currentTarget: { value } }) =>
              goTo(value === '' ? { kind: 'addons' } : { kind: 'addons', room: Number(value) })
            }
          >
            <option value="">The whole group</option>
            {[...rooms.value.values()]
              .filter((one) => !one.is_archived || one.id === id)
              .map((one) => (
                <option key={one.id} value={String(one.id)}>
                  {one.name}
                </option>
              ))}
          </select>
        </label>
        {nextRooms.value !== null && <More label="More rooms" load={moreRooms} />}
        {room && <Link to={{ kind: 'room', id: room.id }}>Back to {room.name}</Link>}
      </header>
      {id !== undefined && !room && isAskedFor('room', id) ? (
        <p role="status">Loading…</p>
      ) : id !== undefined && !room ? (
        <p>There is no room with this address, or you cannot see it.</p>
      ) : (
        <>
          {mayInstall(room) ? <Install room={room} /> : <NotHere room={room} />}
          <Installed room={room} />
        </>
      )}
    </section>
  )
}

const isNamed = (room: PageRoom, name: string): boolean => room.name.toLowerCase() === name.toLowerCase()

const mayInstall = (room: PageRoom | undefined): boolean =>
  room ? room.runs && !room.is_archived : me.value?.is_group_admin === true

function NotHere({ room }: { readonly room: PageRoom | undefined }) {
  const own = [...rooms.value.values()].filter((one) => mayInstall(one))
  return (
    <p class="tools-note">
      {room
        ? `Only people who run ${room.name}, and administrators of the group, can install add-ons here.`
        : 'Only administrators can install add-ons for the whole group.'}
      {own.length > 0 && (
        <>
          {' '}
          You can in {own.length === 1 ? 'your room' : 'your rooms'}:{' '}
          {own.map((one, index) => (
            <span key={one.id}>
              {index > 0 && ', '}
              <Link to={{ kind: 'addons', room: one.id }}>{one.name}</Link>
            </span>
          ))}
          .
        </>
      )}
    </p>
  )
}

/** Add-ons of the room first, then those of the group: they are in the room too. */
function Installed({ room }: { readonly room: PageRoom | undefined }) {
  const found = useSignal<readonly PageIntegration[] | undefined>(undefined)
  const problem = useSignal('')
  const id = room?.id
  useEffect(() => {
    let gone = false
    const load = () =>
      allIntegrations(id).then(
        (items) => {
          if (gone) return
          found.value = items
          problem.value = ''
        },
        (error: Error) => {
          if (!gone) problem.value = error.message
        },
      )
    void load()
    const ends = [
      hear('integrations', ({ room_id }) => {
        if (room_id === null || room_id === id) void load()
      }),
      hear('reset', load),
    ]
    return () => {
      gone = true
      for (const end of ends) end()
    }
  }, [id])
  if (problem.value !== '') return <Problem text={problem.value} />
  if (!found.value) return <p role="status">Loading…</p>
  const own = found.value.filter(({ room_id }) => room_id !== null)
  const shared = found.value.filter(({ room_id }) => room_id === null)
  return (
    <>
      {room && (
        <List title={`In ${room.name}`} items={own} room={room}>
          Nothing is installed in this room alone.
        </List>
      )}
      <List title="For the whole group" items={shared} room={room}>
        Nothing is installed for the whole group.
      </List>
    </>
  )
}

interface ListProps {
  readonly title: string
  readonly items: readonly PageIntegration[]
  readonly room: PageRoom | undefined
  /** Shown if there are none. */
  readonly children: string
}

const List = ({ title, items, room, children }: ListProps) => (
  <section aria-label={title}>
    <h2>{title}</h2>
    {items.length === 0 && <p class="tools-quiet">{children}</p>}
    <ul class="tools-list">
      {items.map((one) => (
        // Not by its OAuth id: an update may replace the installation.
        <Integration key={`${one.addon_key} ${one.room_id}`} integration={one} room={room} />
      ))}
    </ul>
  </section>
)
