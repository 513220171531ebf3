import { useSignal } from '@preact/signals'
import { Icon } from '../icons.tsx'
import { Avatar } from '../people/avatar.tsx'
import { goTo, type Place } from '../place.ts'
import { me, people, rooms, searchPeople, searchRooms } from '../store.ts'
import { unreadOf } from '../unread.ts'
import { Dialog } from './dialog.tsx'
import { page } from './open.ts'

interface Found {
  readonly place: Extract<Place, { readonly kind: 'room' | 'person' }>
  readonly name: string
  readonly detail: string
  readonly rank: number
}

const most = 12

/** Names that begin with the query come before names in which a later word does. */
function rank(name: string, typed: string): number {
  const at = name.toLowerCase().indexOf(typed)
  if (at === 0) return 0
  if (at < 0) return -1
  return /[\s@(-]/.test(name[at - 1] ?? '') ? 1 : 2
}

function find(typed: string): Found[] {
  const wanted = typed.trim().toLowerCase()
  const found: Found[] = [
    ...[...rooms.value.values()].map(({ id, name, topic }) => ({
      place: { kind: 'room', id } as const,
      name,
      detail: topic,
      rank: rank(name, wanted),
    })),
    ...[...people.value.values()]
      .filter(({ id, is_deleted }) => id !== me.value?.id && !is_deleted)
      .map(({ id, name, mention_name }) => ({
        place: { kind: 'person', id } as const,
        name,
        detail: `@${mention_name}`,
        rank: rank(`${name} @${mention_name}`, wanted),
      })),
  ]
  const urgency = ({ place }: Found) => (unreadOf(place).count > 0 ? 0 : 1)
  return found
    .filter((one) => one.rank >= 0)
    .sort(
      (one, other) =>
        one.rank - other.rank || urgency(one) - urgency(other) || one.name.localeCompare(other.name),
    )
    .slice(0, most)
}

/** Goes to a room or a person by a few letters of the name. */
export function Switcher() {
  const typed = useSignal('')
  const chosen = useSignal(0)
  const found = find(typed.value)
  const close = () => {
    page.value = undefined
  }
  const go = (one: Found | undefined) => {
    if (!one) return
    close()
    goTo(one.place)
  }
  return (
    <Dialog title="Go to a room or a person" close={close}>
      <input
        class="input"
        role="combobox"
        aria-label="Name"
        aria-expanded="true"
        aria-controls="switcher-list"
        aria-activedescendant={found.length > 0 ? `switcher-${chosen.value}` : undefined}
        aria-autocomplete="list"
        value={typed.value}
        onInput={(event) => {
          typed.value = event.currentTarget.value
          chosen.value = 0
          const name = typed.value.trim()
          if (name !== '') for (const search of [searchPeople, searchRooms]) search(name).catch(() => {})
        }}
        onKeyDown={(event) => {
          const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
          if (step !== undefined && found.length > 0) {
            event.preventDefault()
            chosen.value = (chosen.value + step + found.length) % found.length
          } else if (event.key === 'Enter') {
            event.preventDefault()
            go(found[chosen.value])
          }
        }}
      />
      <div id="switcher-list" role="listbox" aria-label="Rooms and people" class="switcher-list">
        {found.map((one, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keyboard
          <div
            key={`${one.place.kind} ${one.place.id}`}
            id={`switcher-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen.value}
            onClick={() => go(one)}
          >
            {one.place.kind === 'person' ? (
              <Avatar id={one.place.id} name={one.name} size={20} />
            ) : (
              <Icon name="hash" />
            )}
            <span class="nav-name">{one.name}</span>
            <span class="menu-from">{one.detail}</span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p role="status">No room or person has that name.</p>}
    </Dialog>
  )
}
