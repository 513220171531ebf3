import { batch, effect, type ReadonlySignal, signal } from '@preact/signals'
import type { Message } from '../../../api/objects.ts'
import { CallError, call, messageOf } from '../api.ts'
import { addressOf, type Talk } from '../place.ts'
import { session } from '../session.ts'
import { hear, me } from '../store.ts'
import { connection } from '../updates.ts'
import { shareFile } from '../writing/upload.ts'

/** A message that is being sent. It is shown below the others until the server announces it. */
export interface Outgoing {
  readonly key: string
  readonly text: string
  readonly file?: File
  /** The message that it replies to. */
  readonly parent?: Message
  readonly date: string
  readonly state: 'waiting' | 'sending' | 'sent' | 'failed'
  readonly problem?: string
  /** Id of the message, once the server has stored it. */
  readonly id?: string
}

/** The messages of one place, as far as loaded, and those being sent. */
export interface Timeline {
  readonly talk: Talk
  /** Oldest first. */
  readonly messages: ReadonlySignal<readonly Message[]>
  readonly outgoing: ReadonlySignal<readonly Outgoing[]>
  /** `loading`, a problem, or nothing. */
  readonly state: ReadonlySignal<'loading' | { readonly failed: string } | undefined>
  /** There are no older messages than the loaded ones. */
  readonly complete: ReadonlySignal<boolean>
  /** Loads older messages, or the newest if none are loaded yet. */
  loadOlder(): Promise<void>
  send(text: string, more?: { readonly file?: File; readonly parent?: Message }): void
  again(key: string): void
  forget(key: string): void
}

const pageLength = 75
const pauseAfterFailure = 3_000

interface Kept extends Timeline {
  reload(): void
  end(): void
}

const timelines = new Map<string, Kept>()

/** One for each place, kept while the page is open, so that coming back shows the messages at once. */
export function timelineOf(talk: Talk): Timeline {
  const key = addressOf(talk)
  const found = timelines.get(key) ?? createTimeline(talk)
  timelines.set(key, found)
  return found
}

/** The number of messages that wait for a connection. */
export const waiting = signal(0)

let lastKey = 0

function createTimeline(talk: Talk): Kept {
  const token = session.value?.token
  const messages = signal<readonly Message[]>([])
  const outgoing = signal<readonly Outgoing[]>([])
  const state = signal<'loading' | { readonly failed: string } | undefined>(undefined)
  const complete = signal(false)
  const shared = talk.kind === 'room'
  let asking: Promise<void> | undefined
  let sending = false
  let era = 0

  /** Adds new messages in order; outgoing ones that have arrived are removed from the outgoing list. */
  function add(found: readonly Message[]): void {
    const known = new Set(messages.value.map(({ id }) => id))
    const fresh = found.filter(({ id }) => !known.has(id))
    if (fresh.length === 0) return
    batch(() => {
      for (const message of fresh) arrived(message)
      const all = [...messages.value, ...fresh]
      const inOrder = fresh.every(({ date }) => date >= (messages.value.at(-1)?.date ?? ''))
      messages.value = inOrder ? all : all.sort((one, other) => (one.date < other.date ? -1 : 1))
    })
  }

  function arrived(message: Message): void {
    const { from } = message
    if (outgoing.value.length === 0 || typeof from !== 'object' || from === null) return
    if (!('id' in from) || from.id !== me.value?.id) return
    const same =
      outgoing.value.find(({ id }) => id === message.id) ??
      outgoing.value.find(
        ({ id, text, file, state: at }) =>
          id === undefined &&
          at !== 'failed' &&
          text === (message.message ?? '') &&
          file?.name === message.file?.name,
      )
    if (same) outgoing.value = outgoing.value.filter((one) => one !== same)
  }

  /** The messages before a date, and whether there are older ones. */
  async function ask(date?: string): Promise<{ readonly items: readonly Message[]; readonly more: boolean }> {
    const range = { 'max-results': pageLength, ...(date === undefined ? {} : { date }) }
    const { items, links } = shared
      ? await call('getRoomHistory', { id_or_name: talk.id, ...range })
      : await call('viewPrivatechatHistory', { id_or_email: talk.id, ...range })
    return { items, more: links?.next !== undefined }
  }

  async function load(): Promise<void> {
    const current = era
    const oldest = messages.value[0]?.date
    state.value = 'loading'
    try {
      const { items: found, more } = await ask(oldest)
      if (current !== era) return
      batch(() => {
        const before = messages.value.length
        add(found)
        complete.value = !more || messages.value.length === before
        state.value = undefined
      })
    } catch (error) {
      if (current === era) state.value = { failed: messageOf(error) }
    }
  }

  function begin(): Promise<void> {
    const mine = load().finally(() => {
      if (asking === mine) asking = undefined
    })
    asking = mine
    return mine
  }

  const change = (key: string, changes: Partial<Outgoing>) => {
    outgoing.value = outgoing.value.map((one) => (one.key === key ? { ...one, ...changes } : one))
  }

  async function post({ text, file, parent }: Outgoing): Promise<string | undefined> {
    if (file) {
      await shareFile(talk, file, text)
      return undefined
    }
    if (!shared) {
      await call('sendPrivateMessage', { id_or_email: talk.id, message: text, message_format: 'text' })
      return undefined
    }
    if (!parent) return (await call('sendRoomMessage', { id_or_name: talk.id, message: text })).id
    await call('replyToRoomMessage', { id_or_name: talk.id, parentMessageId: parent.id, message: text })
    return undefined
  }

  /** One after the other, so that they arrive in the order they were written. */
  async function flush(): Promise<void> {
    if (sending) return
    sending = true
    try {
      for (;;) {
        const next = outgoing.value.find((one) => one.state === 'waiting')
        if (!next || session.value?.token !== token) return
        change(next.key, { state: 'sending' })
        try {
          const id = await post(next)
          if (id !== undefined && messages.value.some((one) => one.id === id)) forget(next.key)
          else change(next.key, { state: 'sent', ...(id === undefined ? {} : { id }) })
        } catch (error) {
          if (!(error instanceof CallError) || error.status !== 0)
            change(next.key, { state: 'failed', problem: messageOf(error) })
          else {
            change(next.key, { state: 'waiting' })
            await connected()
            // The message may have arrived although its answer did not.
            await ask().then(
              ({ items }) => add(items),
              () => {},
            )
          }
        }
      }
    } finally {
      sending = false
      count()
    }
  }

  function forget(key: string): void {
    outgoing.value = outgoing.value.filter((one) => one.key !== key)
  }

  const end = hear(shared ? 'message' : 'private_message', (told) => {
    const here = 'room_id' in told ? told.room_id : told.user_id
    if (here === talk.id) add([told.message])
  })

  return {
    talk,
    messages,
    outgoing,
    state,
    complete,
    loadOlder() {
      if (complete.value) return Promise.resolve()
      return asking ?? begin()
    },
    send(text, more = {}) {
      lastKey += 1
      const date = new Date().toISOString()
      outgoing.value = [...outgoing.value, { key: `out-${lastKey}`, text, ...more, date, state: 'waiting' }]
      count()
      void flush()
    },
    again(key) {
      const one = outgoing.value.find((other) => other.key === key)
      if (!one) return
      const { problem: _, ...rest } = one
      outgoing.value = outgoing.value.map((other) => (other === one ? { ...rest, state: 'waiting' } : other))
      void flush()
    },
    forget,
    /** Missed messages are unknown: starts over. */
    reload() {
      era += 1
      batch(() => {
        messages.value = []
        complete.value = false
      })
      void begin()
    },
    end,
  }
}

function count(): void {
  let sum = 0
  for (const { outgoing } of timelines.values())
    sum += outgoing.value.filter(({ state }) => state === 'waiting' || state === 'sending').length
  waiting.value = sum
}

/** After a pause, and not before the page is connected again. */
function connected(): Promise<void> {
  return new Promise((resolve) => {
    const started = Date.now()
    const stop = connection.subscribe((state) => {
      const pause = Math.max(0, pauseAfterFailure - (Date.now() - started))
      if (state === 'open')
        setTimeout(() => {
          queueMicrotask(() => stop())
          resolve()
        }, pause)
    })
  })
}

// One person's messages are not shown to the next.
effect(() => {
  session.value
  for (const timeline of timelines.values()) timeline.end()
  timelines.clear()
  waiting.value = 0
})

hear('reset', () => {
  for (const timeline of timelines.values()) timeline.reload()
})
