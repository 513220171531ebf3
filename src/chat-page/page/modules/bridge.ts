import { isRecord } from '../../../common/is-record.ts'
import { api, type Framing, type FromFrame, type ToFrame } from '../../frame/wire.ts'
import { type Caller, serve } from './calls.ts'

/**
 * Communicates with the pages of add-ons that are framed here (`ui-modules.md` 8.4). A message counts if it comes from a window
 * that was opened here, from exactly the origin of its URL, and in the name of its own frame; everything else is ignored.
 */

export interface FrameOptions extends Caller {
  readonly moduleKey: string
  /** The origin of its URL; the string `null` for a frame without an origin. */
  readonly origin: string
  window(): Window | null
  /** Its script runs. */
  started?(): void
  /** The person pressed Escape in it. */
  escape?(): void
}

/** A framed page of an add-on. */
export interface Frame {
  /** Unique for each frame. */
  readonly id: string
  /** The name that its element must have. */
  readonly name: string
  /** Sends it an event; kept for half a minute until it registers for the event. */
  tell(event: string, data: unknown): void
  /** Asks it; `undefined` if it has not registered for the event. */
  ask(event: string, data: unknown): Promise<readonly unknown[]> | undefined
  end(): void
}

interface Open extends FrameOptions {
  readonly id: string
  /** The events that it has registered for. */
  wanted: ReadonlySet<string>
  waiting: { readonly event: string; readonly data: unknown; readonly until: number }[]
  readonly asked: Map<string, (args: readonly unknown[]) => void>
}

const keptFor = 30_000
const escapeKey = 27
const frames = new Set<Open>()

/** Prepares a frame for a page of an add-on, whose calls of HipChat's JavaScript API it answers until it is closed. */
export function openFrame(options: FrameOptions): Frame {
  const { integration, moduleKey } = options
  const id = `${integration.addon_key}__${moduleKey}__${crypto.randomUUID()}`
  const framing: Framing = {
    extension_id: id,
    api,
    origin: location.origin,
    options: { answersAll: true },
  }
  const open: Open = { ...options, id, wanted: new Set(), waiting: [], asked: new Map() }
  frames.add(open)
  return {
    id,
    name: JSON.stringify(framing),
    tell(event, data) {
      if (open.wanted.has(event)) post(open, { type: 'evt', etyp: event, evnt: data })
      else open.waiting.push({ event, data, until: Date.now() + keptFor })
    },
    ask(event, data) {
      if (!open.wanted.has(event)) return undefined
      return new Promise((resolve) => {
        const mid = crypto.randomUUID()
        open.asked.set(mid, resolve)
        post(open, { type: 'evt', etyp: event, evnt: data, mid })
      })
    },
    end: () => frames.delete(open),
  }
}

/** Sends an event to all open frames of an installation that have registered for it; `room`: not those of other rooms. */
export function hint(oauthId: string, event: string, data: unknown, room: number | null): void {
  for (const frame of frames) {
    const isMeant = room === null || frame.room === undefined || frame.room.id === room
    if (frame.integration.oauth_id === oauthId && isMeant && frame.wanted.has(event))
      post(frame, { type: 'evt', etyp: event, evnt: data })
  }
}

function post(frame: Open, message: ToFrame): void {
  // A frame without an origin cannot be addressed by one. It stays without one, wherever it navigates.
  frame.window()?.postMessage(message, frame.origin === 'null' ? '*' : frame.origin)
}

addEventListener('message', ({ source, origin, data }: MessageEvent<unknown>) => {
  const frame = [...frames].find((one) => source !== null && one.window() === source)
  if (!frame || origin !== frame.origin) return
  const message = readMessage(data)
  if (message?.eid === frame.id) receive(frame, message)
})

function receive(frame: Open, message: FromFrame): void {
  switch (message.type) {
    case 'init':
      frame.wanted = new Set() // another page in the same frame
      if (frame.escape) post(frame, { type: 'key_listen', keycode: escapeKey, modifiers: [], action: 'add' })
      frame.started?.()
      return
    case 'event_query':
      frame.wanted = new Set(message.args)
      for (const { event, data, until } of frame.waiting)
        if (frame.wanted.has(event) && until > Date.now())
          post(frame, { type: 'evt', etyp: event, evnt: data })
      frame.waiting = frame.waiting.filter(({ event }) => !frame.wanted.has(event))
      return
    case 'req':
      void answer(frame, message)
      return
    case 'resp':
      frame.asked.get(message.mid)?.(message.args)
      frame.asked.delete(message.mid)
      return
    case 'broadcast':
      for (const other of frames)
        if (other !== frame && other.integration.oauth_id === frame.integration.oauth_id)
          if (other.wanted.has(message.etyp))
            post(other, { type: 'evt', etyp: message.etyp, evnt: message.evnt })
      return
    case 'key_listen':
      if (message.keycode === escapeKey && message.modifiers.length === 0) frame.escape?.()
  }
}

async function answer(frame: Open, request: FromFrame & { readonly type: 'req' }): Promise<void> {
  const { mid, mod, fn, args } = request
  const answers = await serve(mod, fn, args, frame)
  // The command may have closed it.
  if (mid !== undefined && frames.has(frame)) post(frame, { type: 'resp', mid, args: answers })
}

/** Anybody can post anything: only an object with the form of a frame's message is one. */
function readMessage(data: unknown): FromFrame | undefined {
  if (!isRecord(data)) return undefined
  const { type, eid, mid, mod, fn, etyp, evnt, args = [], keycode, modifiers = [] } = data
  if (typeof eid !== 'string' || !Array.isArray(args)) return undefined
  const isName = (one: unknown) => typeof one === 'string'
  switch (type) {
    case 'init':
      return { eid, type }
    case 'req':
      if (typeof mod !== 'string' || typeof fn !== 'string') return undefined
      return { eid, type, mod, fn, args, ...(typeof mid === 'string' ? { mid } : {}) }
    case 'resp':
      return typeof mid === 'string' ? { eid, type, mid, args } : undefined
    case 'event_query':
      return { eid, type, args: args.filter(isName) }
    case 'broadcast':
      return typeof etyp === 'string' ? { eid, type, etyp, evnt } : undefined
    case 'key_listen':
      if (typeof keycode !== 'number' || !Array.isArray(modifiers)) return undefined
      return { eid, type, keycode, modifiers: modifiers.filter(isName) }
  }
  return undefined
}
