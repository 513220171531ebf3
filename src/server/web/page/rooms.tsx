import { addressOf, goTo, type Place } from './place.ts'
import { rooms } from './store.ts'

export function Rooms() {
  return (
    <nav aria-label="Rooms">
      <ul>
        {[...rooms.value.values()].map(({ id, name }) => (
          <li key={id}>
            <Link to={{ kind: 'room', id }}>{name}</Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function Link({ to, children }: { to: Place; children: string }) {
  return (
    <a
      href={addressOf(to)}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return
        event.preventDefault()
        goTo(to)
      }}
    >
      {children}
    </a>
  )
}
