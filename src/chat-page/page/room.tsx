import { useSignal } from '@preact/signals'
import { useCallback, useEffect, useMemo, useRef } from 'preact/hooks'
import type { Message } from '../../api/objects.ts'
import type { PageRoom } from '../../server/chat-page/routes.ts'
import { call, messageOf } from './api.ts'
import { asking } from './asking.ts'
import { limitedTo } from './characters.ts'
import { composer } from './composer.ts'
import { Icon } from './icons.tsx'
import { Menu, type MenuItem } from './menu.tsx'
import { MessageList } from './messages/list.tsx'
import { Text } from './messages/text.tsx'
import { timelineOf } from './messages/timeline.ts'
import { NavigationButton, SideButton } from './opening.tsx'
import { PeoplePanel } from './people/panel.tsx'
import { goTo } from './place.ts'
import { personOf } from './store.ts'
import { Field } from './writing/field.tsx'
import { addonCommands } from './writing/suggestions.ts'
import './room.css'

/** A room: its messages, its people, and the message field. People who open a room enter it. */
export function Room({ room }: { room: PageRoom }) {
  const timeline = useMemo(() => timelineOf({ kind: 'room', id: room.id }), [room.id])
  const problem = useSignal('')
  const parent = useSignal<Message | undefined>(undefined)
  const peopleShown = useSignal(false)
  const tell = useCallback((error: Error) => {
    problem.value = error.message
  }, [])
  const reply = useCallback((message: Message) => {
    parent.value = message
  }, [])

  useEffect(() => {
    if (!room.is_archived) call('enterRoom', { room_id: room.id }).catch(tell)
  }, [room.id, room.is_archived])

  return (
    <section class="room" aria-label={room.name}>
      <header class="room-head">
        <NavigationButton />
        <div class="room-titles">
          <h1 class="room-name">
            <Icon name={room.privacy === 'private' ? 'lock' : 'hash'} />
            {room.privacy === 'private' && <span class="hidden-text">Private room: </span>}
            {room.name}
          </h1>
          <Topic room={room} />
        </div>
        <button
          type="button"
          class="button-icon room-people-button"
          aria-pressed={peopleShown.value}
          aria-label={`People: ${room.participants} in the room`}
          title="Who is in the room"
          onClick={() => {
            peopleShown.value = !peopleShown.value
          }}
        >
          <Icon name="people" /> {room.participants}
        </button>
        <Menu label={`More about ${room.name}`} items={() => roomMenu(room, tell)}>
          <Icon name="dots" />
        </Menu>
        <SideButton />
      </header>
      {problem.value && (
        <p role="alert" class="room-problem problem">
          {problem.value}{' '}
          <button type="button" class="button-plain" onClick={() => tell(new Error(''))}>
            Dismiss
          </button>
        </p>
      )}
      <div class="room-middle">
        <div class="room-talk">
          <MessageList timeline={timeline} room={room} {...(room.is_archived ? {} : { reply })}>
            <Beginning room={room} />
          </MessageList>
          {room.is_archived ? (
            <p class="room-archived" role="status">
              This room is archived: you can read it, but not write in it.
            </p>
          ) : (
            <>
              <Hint />
              <Field
                timeline={timeline}
                room={room}
                label={`Message ${room.name}`}
                placeholder={placeholderFor(room)}
                parent={parent.value}
                noParent={() => {
                  parent.value = undefined
                }}
              />
            </>
          )}
        </div>
        {peopleShown.value && <PeoplePanel room={room} />}
      </div>
    </section>
  )
}

function placeholderFor({ name }: PageRoom): string {
  const [command] = addonCommands()
  return command ? `Message ${name}, or ${command.name}` : `Message ${name}`
}

function roomMenu(room: PageRoom, tell: (error: Error) => void): MenuItem[] {
  return [
    ...(room.is_archived
      ? []
      : [
          {
            key: 'invite',
            name: 'Invite people…',
            choose() {
              asking.value = { kind: 'invite', roomId: room.id, userIds: [] }
            },
          },
        ]),
    { key: 'addons', name: 'Add-ons of this room', choose: () => goTo({ kind: 'addons', room: room.id }) },
    ...(room.runs
      ? [
          {
            key: 'archive',
            name: room.is_archived ? 'Unarchive this room' : 'Archive this room',
            choose: () =>
              call('updateRoom', { id_or_name: room.id, is_archived: !room.is_archived }).catch(tell),
          },
        ]
      : []),
    ...(room.is_inside
      ? [
          {
            key: 'leave',
            name: 'Leave this room',
            choose: () => call('leaveRoom', { room_id: room.id }).then(() => goTo({ kind: 'lobby' }), tell),
          },
        ]
      : []),
  ]
}

const longestTopic = 250

/** Everybody in a room may change its topic, as in HipChat's clients. */
function Topic({ room }: { room: PageRoom }) {
  const editing = useSignal(false)
  const problem = useSignal('')
  const button = useRef<HTMLButtonElement>(null)

  async function save(form: HTMLFormElement) {
    const topic = String(new FormData(form).get('topic') ?? '').trim()
    try {
      if (topic !== room.topic) await call('setRoomTopic', { id_or_name: room.id, topic })
      end()
    } catch (error) {
      problem.value = messageOf(error)
    }
  }

  function end() {
    editing.value = false
    problem.value = ''
    requestAnimationFrame(() => button.current?.focus())
  }

  if (editing.value)
    return (
      <form
        class="room-topic-form"
        onSubmit={(event) => {
          event.preventDefault()
          void save(event.currentTarget)
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.stopPropagation()
          end()
        }}
      >
        <input
          name="topic"
          class="input"
          aria-label="Topic"
          {...limitedTo(longestTopic)}
          defaultValue={room.topic}
          ref={(element) => element?.focus()}
        />
        <button type="submit" class="button">
          Save
        </button>
        <button type="button" class="button" onClick={end}>
          Cancel
        </button>
        {problem.value && (
          <p role="alert" class="problem">
            {problem.value}
          </p>
        )}
      </form>
    )
  return (
    <p class="room-topic">
      <span title={room.topic}>{room.topic ? <Text text={room.topic} /> : 'No topic'}</span>
      {!room.is_archived && (
        <button
          ref={button}
          type="button"
          class="button-icon room-topic-edit"
          aria-label="Change the topic"
          onClick={() => {
            editing.value = true
          }}
        >
          <Icon name="edit" size={13} />
        </button>
      )}
    </p>
  )
}

function Beginning({ room }: { room: PageRoom }) {
  const owner = personOf(room.owner_id)?.name
  return (
    <div class="room-beginning">
      <h2>This is the beginning of {room.name}</h2>
      <p>
        {room.privacy === 'private'
          ? 'Only its members see this room.'
          : 'Everybody in the group can read this room.'}
        {owner && ` ${owner} owns it.`} Say something below.
      </p>
    </div>
  )
}

const hintKey = 'hipchat-no-hint'

/** Shows what the add-ons of a room wait for; otherwise nobody would know. */
function Hint() {
  const hidden = useSignal(localStorage.getItem(hintKey) === 'yes')
  const commands = addonCommands()
  if (hidden.value || commands.length === 0) return null
  return (
    <p class="room-hint">
      <span>What to type:</span>
      {commands.slice(0, 6).map(({ name, detail }) => (
        <button
          key={`${name} ${detail}`}
          type="button"
          class="room-command"
          title={detail}
          onClick={() => {
            composer.value?.append(`${name} `)
            composer.value?.focus()
          }}
        >
          {name}
        </button>
      ))}
      <span>or @ for people</span>
      <button
        type="button"
        class="button-icon"
        aria-label="Do not show what to type"
        onClick={() => {
          hidden.value = true
          localStorage.setItem(hintKey, 'yes')
        }}
      >
        <Icon name="close" size={12} />
      </button>
    </p>
  )
}
