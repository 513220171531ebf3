import { Readable } from 'node:stream'
import { randomText } from '../../common/random.ts'
import type { ApiCall } from '../addons/api-call-log.ts'
import type { Presenter } from '../chat/api-objects.ts'
import { CallRefusedError } from '../errors.ts'
import type { Written } from '../state/change-notes.ts'
import type { UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { createChangeLog } from './change-log.ts'
import { type Change, changesIn, sizeOf } from './changes.ts'
import { createEventTexts, type Entry, eventText } from './event-texts.ts'

/** The user of an open page. */
export interface Listener {
  /** Hash of the page's token: the user is looked up again when the token's record is written. */
  readonly tokenHash: string
  /** The user as they are now, and when the token expires; `undefined` once the token has ended. */
  look(): { readonly user: UserRecord; readonly expires: number | null } | undefined
}

/** Sends changes to open pages, no matter who made them, over one connection per page. */
export interface Feed {
  /** A cursor for now: later changes can be requested with it. */
  cursor(): string
  /** Everything after a cursor, as server-sent events; begins with `reset` when the cursor is too old. */
  open(after: string | undefined, listener: Listener): Readable
  /** For deliveries, which are not part of the state. */
  pushDelivery(id: number): void
  pushCall(call: ApiCall): void
  close(): void
}

const kept = 2_000 // changes
const keptBytes = 32 * 1024 * 1024
/**
 * Bytes that may wait for a slow page, or that a page may have missed, before it is disconnected; it reconnects and
 * catches up.
 */
const longestBacklog = 4 * 1024 * 1024
const heartbeat = 15_000
const patience = 30_000 // for what is still unsent when a page is disconnected; a page that does not read is dropped with it
const mostUnreadBeats = 4 // of the heartbeat that a page may miss without reading anything
const mostPages = 100 // of one user
const pagesPerTurn = 100 // of the event loop: other work runs before all pages are notified

/** An open page, with its position in the log. */
interface Page {
  readonly listener: Listener
  readonly stream: Readable
  /** Number of the next change to send. */
  next: number
  /** Changes up to this number happened before it connected. */
  readonly missed: number
  missedBytes: number
  /** Whether it has read everything that was sent. */
  isHungry: boolean
  /** Heartbeats since it last read something. */
  unreadBeats: number
  known: ReturnType<Listener['look']>
  isKnown: boolean
}

/** Creates the feed of changes for open pages. */
export function createFeed(state: State, present: Presenter): Feed {
  // Numbers begin again with each start of the server: a page with numbers from an earlier start must begin again
  // too.
  const era = randomText(8)
  const texts = createEventTexts(state, present)
  const pages = new Set<Page>()
  const ready = new Set<Page>()
  let turn: NodeJS.Immediate | undefined
  const log = createChangeLog<Entry>({ most: kept, mostBytes: keptBytes, dropping: keepForSlow })

  const idOf = (number: number) => `${era}-${number}`

  function push(change: Change): void {
    log.add({ id: idOf(log.last + 1), change, texts: new Map() }, sizeOf(change))
    for (const page of pages) if (page.isHungry) ready.add(page)
    takeTurn()
  }

  /** Serves one page after the other, a few in each turn; changes that arrive meanwhile are included. */
  function takeTurn(): void {
    if (turn || ready.size === 0) return
    turn = setImmediate(() => {
      turn = undefined
      let left = pagesPerTurn
      for (const page of ready) {
        ready.delete(page)
        serve(page)
        left -= 1
        if (left === 0) break
      }
      takeTurn()
    })
  }

  /** Sends a page the changes that it does not have yet, as far as it reads. */
  function serve(page: Page): void {
    while (page.isHungry && page.next <= log.last && pages.has(page)) pushNext(page)
  }

  function pushNext(page: Page): void {
    const entry = log.at(page.next)
    const user = userOf(page)
    if (!user || !entry) {
      end(page)
      return
    }
    const text = texts.of(entry, user)
    if (text && page.next <= page.missed) page.missedBytes += text.length
    page.next += 1
    if (text) page.isHungry = page.stream.push(text) && page.isHungry
    // More than a page gets at a time: it reconnects for the rest.
    if (page.missedBytes > longestBacklog && page.next <= page.missed) end(page)
  }

  /** Keeps a dropped change for the pages that have not read that far; they share its memory. */
  function keepForSlow(number: number): void {
    for (const page of pages)
      if (page.next === number) {
        pushNext(page)
        if (page.stream.readableLength > longestBacklog) end(page)
      }
  }

  function userOf(page: Page): UserRecord | undefined {
    if (!page.isKnown || (page.known?.expires ?? Number.POSITIVE_INFINITY) <= Date.now()) {
      page.known = page.listener.look()
      page.isKnown = true
    }
    return page.known?.user
  }

  function end(page: Page): void {
    if (!pages.delete(page)) return
    ready.delete(page)
    page.stream.push(null)
    setTimeout(() => page.stream.destroy(), patience).unref()
  }

  /** Ends the pages of users who signed out or whose password changed. */
  function lookAgain(written: readonly Written[]): void {
    const tokens = new Set<unknown>()
    const users = new Set<unknown>()
    for (const { table, key } of written)
      if (table === 'token') tokens.add(key[0])
      else if (table === 'user') users.add(key[0])
    const isAll = written.some(({ table }) => table === 'everything')
    if (!isAll && tokens.size === 0 && users.size === 0) return
    for (const page of pages) {
      if (!isAll && !tokens.has(page.listener.tokenHash) && !users.has(page.known?.user.id)) continue
      page.isKnown = false
      if (!userOf(page)) end(page)
    }
  }

  const stopWatching = state.watch((written) => {
    texts.forget(written)
    lookAgain(written)
    for (const change of changesIn(written, state)) push(change)
  })

  const pulse = setInterval(() => {
    for (const page of pages) {
      page.unreadBeats = page.isHungry ? 0 : page.unreadBeats + 1
      if (!userOf(page)) end(page)
      else if (page.unreadBeats >= mostUnreadBeats) {
        end(page)
        page.stream.destroy()
      }
      // The number is where the page continues after a reconnect.
      else if (page.isHungry && page.next > log.last)
        page.stream.push(`id: ${idOf(log.last)}\n: still here\n\n`)
    }
  }, heartbeat)
  pulse.unref()

  /** Each open page costs something with each change, no matter who opened it. */
  function refuseMore(listener: Listener): void {
    const id = listener.look()?.user.id
    let count = 0
    for (const page of pages) if (page.known?.user.id === id) count += 1
    if (count >= mostPages)
      throw new CallRefusedError(429, `You already have ${mostPages} pages open, which is the maximum`, {
        headers: { 'Retry-After': '60' },
      })
  }

  /** Number of the first change to send a page; `undefined` when it is no longer kept. */
  function firstAfter(after: string | undefined): number | undefined {
    const [, from, number = ''] = /^(\w+)-(\d{1,15})$/.exec(after ?? '') ?? []
    const first = Number(number) + 1
    return from !== era || first > log.last + 1 || first < log.first ? undefined : first
  }

  return {
    cursor: () => idOf(log.last),
    pushDelivery: (id) => push({ kind: 'delivery', id }),
    pushCall: (call) => push({ kind: 'call', call }),

    open(after, listener) {
      refuseMore(listener)
      const first = firstAfter(after)
      const stream = new Readable({
        read() {
          page.isHungry = true
          page.unreadBeats = 0
          serve(page)
        },
      })
      const page: Page = {
        listener,
        stream,
        next: first ?? log.last + 1,
        missed: log.last,
        missedBytes: 0,
        isHungry: false,
        unreadBeats: 0,
        known: undefined,
        isKnown: false,
      }
      userOf(page)
      pages.add(page)
      stream.once('close', () => end(page))
      stream.push(
        first === undefined ? eventText({ name: 'reset', data: {} }, idOf(log.last)) : ': welcome\n\n', // shows the page at once that it is connected
      )
      return stream
    },

    close() {
      clearInterval(pulse)
      clearImmediate(turn)
      stopWatching()
      for (const page of [...pages]) end(page)
    },
  }
}
