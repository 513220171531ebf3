import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import type { PageRoom, PageUser } from '../../server/chat-page/routes.ts'
import { call } from './api.ts'
import { asking } from './asking.ts'
import { page } from './dialogs/open.ts'
import { Icon, type IconName } from './icons.tsx'
import { Link } from './link.tsx'
import { Menu, type MenuItem } from './menu.tsx'
import { More } from './more.tsx'
import { notifies, turnNotifications } from './notifying.ts'
import { Avatar, availabilityNames, availabilityOf, Presence } from './people/avatar.tsx'
import { session, signedOut } from './session.ts'
import { group, me, morePeople, moreRooms, nextPeople, nextRooms, people, rooms } from './store.ts'
import { type ThemeChoice, themeChoice } from './theme.ts'
import { hasNews, unreadOf } from './unread.ts'
import './rooms.css'

/** The left column: places to go, unread messages, and the person's own menu. */
export function Rooms() {
  const self = session.value?.userId ?? -1
  const all = [...rooms.value.values()].sort((one, other) => one.name.localeCompare(other.name))
  const mine = all.filter(({ is_inside }) => is_inside)
  const others = all.filter(({ is_inside, is_archived }) => !is_inside && !is_archived)
  const archived = all.filter(({ is_inside, is_archived }) => is_archived && !is_inside)
  const users = [...people.value.values()]
    .filter(
      ({ id, is_deleted }) => id !== self && (!is_deleted || unreadOf({ kind: 'person', id }).count > 0),
    )
    .sort(byPresence)
  return (
    <nav class="nav" aria-label="Rooms and people">
      <div class="nav-top">
        <p class="nav-group">{group.value.name}</p>
        <button
          type="button"
          class="button-icon"
          aria-label="Go to a room or a person (Ctrl+K)"
          title="Go to… (Ctrl+K)"
          onClick={() => {
            page.value = 'switcher'
          }}
        >
          <Icon name="search" />
        </button>
      </div>
      <div class="nav-lists">
        <Section title="Rooms" add>
          {mine.map((room) => (
            <RoomEntry key={room.id} room={room} />
          ))}
        </Section>
        {others.length > 0 && (
          <Section title="Rooms to join">
            {others.map((room) => (
              <RoomEntry key={room.id} room={room} />
            ))}
          </Section>
        )}
        {nextRooms.value !== null && <More label="More rooms" load={moreRooms} />}
        {archived.length > 0 && (
          <Section title="Archived">
            {archived.map((room) => (
              <RoomEntry key={room.id} room={room} />
            ))}
          </Section>
        )}
        <Section title="People">
          {users.map((user) => (
            <PersonEntry key={user.id} user={user} />
          ))}
        </Section>
        {nextPeople.value !== null && <More label="More people" load={morePeople} />}
      </div>
      <Tools />
      <Me />
    </nav>
  )
}

const order = ['chat', 'away', 'dnd', 'offline']

const byPresence = (one: PageUser, other: PageUser): number =>
  order.indexOf(availabilityOf(one)) - order.indexOf(availabilityOf(other)) ||
  one.name.localeCompare(other.name)

interface SectionProps {
  readonly title: string
  readonly add?: true
  readonly children: ComponentChildren
}

function Section({ title, add, children }: SectionProps) {
  const id = `nav-${title.toLowerCase().replace(/ /g, '-')}`
  return (
    <section class="nav-section" aria-labelledby={id}>
      <div class="nav-title">
        <h2 id={id}>{title}</h2>
        {add && (
          <button
            type="button"
            class="button-icon"
            aria-label="Create a room"
            title="Create a room"
            onClick={() => {
              asking.value = { kind: 'create room' }
            }}
          >
            <Icon name="plus" />
          </button>
        )}
      </div>
      <ul>{children}</ul>
    </section>
  )
}

function RoomEntry({ room }: { room: PageRoom }) {
  const { id, name, privacy, is_archived } = room
  const news = hasNews(room)
  return (
    <li>
      <Link to={{ kind: 'room', id }} class={news ? 'nav-entry nav-news' : 'nav-entry'}>
        <Icon name={privacy === 'private' ? 'lock' : 'hash'} />
        {privacy === 'private' && <span class="hidden-text">Private room: </span>}
        <span class="nav-name">{name}</span>
        {is_archived && <span class="nav-note">archived</span>}
        <Marks {...unreadOf({ kind: 'room', id })} />
      </Link>
    </li>
  )
}

function PersonEntry({ user }: { user: PageUser }) {
  const { id, name, photo_url } = user
  const { count } = unreadOf({ kind: 'person', id })
  return (
    <li>
      <Link to={{ kind: 'person', id }} class={count > 0 ? 'nav-entry nav-news' : 'nav-entry'}>
        <Avatar id={id} name={name} url={photo_url} size={20} />
        <span class="nav-name">{name}</span>
        <Marks count={count} mentions={count} />
        <Presence user={user} />
      </Link>
    </li>
  )
}

function Marks({ count, mentions }: { count: number; mentions: number }) {
  if (count === 0) return null
  return (
    <span class={mentions > 0 ? 'nav-count nav-count-mine' : 'nav-count'}>
      {mentions > 0 && <span aria-hidden="true">@</span>}
      {count}
      <span class="hidden-text">{mentions > 0 ? ` unread, ${mentions} for you` : ' unread'}</span>
    </span>
  )
}

function Tools() {
  const entries: {
    readonly icon: IconName
    readonly name: string
    readonly kind: 'addons' | 'inspector' | 'tokens'
  }[] = [
    { icon: 'puzzle', name: 'Add-ons', kind: 'addons' },
    ...(me.value?.is_group_admin ? [{ icon: 'pulse', name: 'Inspector', kind: 'inspector' } as const] : []),
    { icon: 'key', name: 'Tokens', kind: 'tokens' },
  ]
  return (
    <ul class="nav-tools">
      {entries.map(({ icon, name, kind }) => (
        <li key={kind}>
          <Link to={{ kind }} class="nav-entry">
            <Icon name={icon} />
            <span class="nav-name">{name}</span>
          </Link>
        </li>
      ))}
    </ul>
  )
}

const themes: readonly { readonly choice: ThemeChoice; readonly name: string; readonly icon: IconName }[] = [
  { choice: 'system', name: 'Same as the system', icon: 'screen' },
  { choice: 'light', name: 'Light', icon: 'sun' },
  { choice: 'dark', name: 'Dark', icon: 'moon' },
]

const shows = [
  { show: 'chat', name: 'Available' },
  { show: 'away', name: 'Away' },
  { show: 'dnd', name: 'Do not disturb' },
] as const

function Me() {
  const user = me.value
  const problem = useSignal('')
  if (!user) return null
  const { presence } = user
  const tell = (error: Error) => {
    problem.value = error.message
  }
  const items = (): MenuItem[] => [
    ...shows.map(({ show, name }) => ({
      key: show,
      name,
      checked: (presence?.show ?? 'chat') === show,
      choose: () => void call('setPresence', { show, status: presence?.status_text ?? null }).catch(tell),
    })),
    {
      key: 'status',
      name: 'Set a status…',
      choose() {
        page.value = 'status'
      },
    },
    {
      key: 'notify',
      name: notifies.value ? 'Stop notifying me of mentions' : 'Notify me of mentions',
      choose: () => void turnNotifications(!notifies.value).catch(tell),
    },
    {
      key: 'keys',
      name: 'Keyboard shortcuts',
      choose() {
        page.value = 'shortcuts'
      },
    },
    {
      key: 'exit',
      name: 'Sign out',
      // Even if the server does not get the call, this page forgets the session.
      choose: () =>
        void call('closeSession')
          .catch(() => {})
          .finally(signedOut),
    },
  ]
  const theme = themes.find(({ choice }) => choice === themeChoice.value)
  return (
    <div class="nav-me">
      {problem.value && (
        <p role="alert" class="problem">
          {problem.value}
        </p>
      )}
      <Menu label="You" named class="nav-self" items={items}>
        <Avatar id={user.id} name={user.name} url={user.photo_url} size={28} />
        <span class="nav-name">
          {user.name}{' '}
          <span class="nav-status">
            {[availabilityNames[availabilityOf(user)], presence?.status_text].filter(Boolean).join(': ')}
          </span>
        </span>
        <span aria-hidden="true">
          <Presence user={user} />
        </span>
      </Menu>
      <Menu
        label="Theme"
        items={() =>
          themes.map(({ choice, name }) => ({
            key: choice,
            name,
            checked: themeChoice.value === choice,
            choose() {
              themeChoice.value = choice
            },
          }))
        }
      >
        <Icon name={theme?.icon ?? 'screen'} />
      </Menu>
    </div>
  )
}
