import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useCallback, useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Message } from '../../../api/objects.ts'
import type { PageRoom } from '../../../server/chat-page/routes.ts'
import { call } from '../api.ts'
import { Icon } from '../icons.tsx'
import { Avatar } from '../people/avatar.tsx'
import { me } from '../store.ts'
import { isLookedAt, markSeen, seenIn } from '../unread.ts'
import { cardKey } from './card.ts'
import { authorOf, Row } from './message.tsx'
import { Text } from './text.tsx'
import type { Outgoing, Timeline } from './timeline.ts'
import { dayOf, dayText, timeText } from './times.ts'
import './messages.css'

interface ListProps {
  readonly timeline: Timeline
  readonly room?: PageRoom
  readonly reply?: (message: Message) => void
  /** Shown while there are no messages. */
  readonly children?: ComponentChildren
}

const near = 60 // pixels: a person this close to the end wants to stay there
const early = 600 // pixels from the beginning at which older messages are loaded
const together = 5 * 60_000
const mostPages = 40 // loaded to find the message of a link

/** Messages, oldest first: stays at the end while the person is there, and loads older ones when they scroll back. */
export function MessageList({ timeline, room, reply, children }: ListProps) {
  const box = useRef<HTMLDivElement>(null)
  const inner = useRef<HTMLOListElement>(null)
  const atEnd = useRef(true)
  const newest = useRef<string | undefined>(undefined)
  const fresh = useSignal(0)
  const since = useRef(seenIn(timeline.talk))
  const parents = useSignal<ReadonlyMap<string, Message>>(new Map())
  const messages = timeline.messages.value
  const outgoing = timeline.outgoing.value
  const last = messages.at(-1)

  function toEnd() {
    const element = box.current
    if (element) element.scrollTop = element.scrollHeight
    atEnd.current = true
    fresh.value = 0
    see()
  }

  function see() {
    const latest = timeline.messages.peek().at(-1)
    if (atEnd.current && latest && isLookedAt(timeline.talk)) markSeen(timeline.talk, latest.date)
  }

  const show = useCallback((id: string) => {
    atEnd.current = false // until its position is known
    lead(id)
  }, [])

  function fill() {
    const element = box.current
    if (!element || timeline.complete.peek() || timeline.state.peek() !== undefined) return
    if (element.scrollTop < early) void timeline.loadOlder()
  }

  useEffect(() => {
    const wanted = /^#message-([\w-]+)$/.exec(location.hash)?.[1]
    void (async () => {
      if (timeline.messages.peek().length === 0) await timeline.loadOlder()
      for (let page = 0; wanted !== undefined && page < mostPages; page += 1) {
        if (timeline.complete.peek() || timeline.messages.peek().some(({ id }) => id === wanted)) break
        await timeline.loadOlder()
      }
      if (wanted !== undefined) requestAnimationFrame(() => show(wanted))
    })()
    document.addEventListener('visibilitychange', see)
    return () => document.removeEventListener('visibilitychange', see)
  }, [timeline])

  // The list grows when pictures have loaded.
  useEffect(() => {
    if (!inner.current) return
    const observer = new ResizeObserver(() => {
      const element = box.current
      if (atEnd.current && element) element.scrollTop = element.scrollHeight
    })
    observer.observe(inner.current)
    if (box.current) observer.observe(box.current)
    return () => observer.disconnect()
  }, [])

  // Visible messages stay in place when older ones are inserted above them.
  const anchor = atEnd.current ? null : (inner.current?.querySelector('.message') ?? null)
  const top = anchor?.getBoundingClientRect().top ?? 0
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    if (atEnd.current) toEnd()
    else if (anchor?.isConnected) element.scrollTop += anchor.getBoundingClientRect().top - top
    fill()
  }, [messages, timeline.state.value])

  const written = outgoing.at(-1)?.key
  useLayoutEffect(() => {
    if (written !== undefined) toEnd() // people want to see what they write
  }, [written])

  useEffect(() => {
    if (!atEnd.current && newest.current !== undefined && last && last.date > newest.current) fresh.value += 1
    newest.current = last?.date
  }, [messages])

  const known = new Map(messages.map((message) => [message.id, message]))
  const unknown = messages
    .flatMap(({ attach_to }) => attach_to ?? [])
    .find((id) => !known.has(id) && !parents.value.has(id))
  useEffect(() => {
    if (unknown === undefined || !room) return
    call('getRoomMessage', { id_or_name: room.id, message_id: unknown }).then(
      (found) => {
        parents.value = new Map(parents.value).set(unknown, found)
      },
      () => {}, // it is still shown as "an earlier message"
    )
  }, [unknown])

  const latest = new Map(messages.flatMap((message) => [[cardKey(message) ?? '', message.id] as const]))
  const { value: state } = timeline.state
  const firstNew = messages.find(
    ({ date, from }) =>
      since.current !== undefined &&
      date > since.current &&
      !(typeof from === 'object' && from && 'id' in from && from.id === me.value?.id),
  )

  return (
    <div class="log-frame">
      <div
        ref={box}
        class="log"
        // it scrolls, so it must be reachable with the keyboard
        // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
        tabIndex={0}
        role="log"
        aria-label="Messages"
        // older messages are not read out
        aria-live={state === 'loading' ? 'off' : 'polite'}
        onScroll={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget
          atEnd.current = scrollHeight - scrollTop - clientHeight < near
          if (atEnd.current) {
            fresh.value = 0
            see()
          }
          fill()
        }}
      >
        <div class="log-top">
          {typeof state === 'object' && (
            <p role="alert" class="problem">
              {state.failed}{' '}
              <button type="button" class="button" onClick={() => timeline.loadOlder()}>
                Try again
              </button>
            </p>
          )}
          {state === 'loading' && <p class="log-note">Loading…</p>}
          {timeline.complete.value && messages.length + outgoing.length === 0 && children}
          {timeline.complete.value && messages.length > 0 && <p class="log-note">This is the beginning.</p>}
        </div>
        <ol ref={inner} class="log-list">
          {messages.flatMap((message, index) => {
            const previous = messages[index - 1]
            const newDay = !previous || dayOf(previous.date) !== dayOf(message.date)
            const line = message === firstNew
            const key = cardKey(message)
            const later = key === undefined ? undefined : latest.get(key)
            return [
              newDay && (
                <li key={`day ${message.id}`} class="log-day">
                  <span>{dayText(message.date)}</span>
                </li>
              ),
              line && (
                <li key="new" class="log-new">
                  <span>New</span>
                </li>
              ),
              <Row
                key={message.id}
                message={message}
                talk={timeline.talk}
                room={room}
                follows={!newDay && !line && previous !== undefined && belongs(previous, message)}
                parent={
                  message.attach_to
                    ? (known.get(message.attach_to) ?? parents.value.get(message.attach_to))
                    : undefined
                }
                replaced={later === message.id ? undefined : later}
                reply={reply}
                show={show}
              />,
            ]
          })}
          {outgoing.map((one) => (
            <OutgoingRow key={one.key} outgoing={one} timeline={timeline} />
          ))}
        </ol>
      </div>
      {fresh.value > 0 && (
        <button type="button" class="button-main log-more" onClick={toEnd}>
          <Icon name="down" size={14} /> New messages
        </button>
      )}
    </div>
  )
}

/** Scrolls to a loaded message. */
function lead(id: string): void {
  const found = document.getElementById(`message-${id}`)
  if (!found) return
  found.scrollIntoView({ block: 'center' })
  found.focus({ preventScroll: true })
  found.classList.add('message-shown')
  found.addEventListener('blur', () => found.classList.remove('message-shown'), { once: true })
}

/** By the same author, of the same kind, within a few minutes. */
function belongs(previous: Message, { type, from, date, attach_to }: Message): boolean {
  if (previous.type !== type || type === 'topic' || attach_to) return false
  const [one, other] = [authorOf(previous), authorOf({ from })]
  if (one.id !== other.id || one.name !== other.name) return false
  return Date.parse(date) - Date.parse(previous.date) < together
}

function OutgoingRow({ outgoing, timeline }: { outgoing: Outgoing; timeline: Timeline }) {
  const { text, file, state, problem, key, date } = outgoing
  const { id = 0, name = '', photo_url } = me.value ?? {}
  return (
    <li class={`message message-${state}`}>
      <div class="message-side">
        <Avatar id={id} name={name} url={photo_url} />
      </div>
      <div class="message-body">
        <p class="message-head">
          <span class="message-author">{name}</span>
          <span class="message-state">
            {state === 'waiting' ? 'waits for the server' : state === 'failed' ? 'not sent' : timeText(date)}
          </span>
        </p>
        <div class="message-text">
          <Text text={text} />
        </div>
        {file && (
          <span class="file">
            <Icon name="file" /> {file.name}
          </span>
        )}
        {state === 'failed' && (
          <p role="alert" class="problem message-problem">
            {problem}{' '}
            <button type="button" class="button-plain" onClick={() => timeline.again(key)}>
              Send again
            </button>{' '}
            <button type="button" class="button-plain" onClick={() => timeline.forget(key)}>
              Discard
            </button>
          </p>
        )}
      </div>
    </li>
  )
}
