import { answered, api, type Framing, type FromFrame, type ToFrame } from './wire.ts'

type Handler = (data: unknown, answer: (...args: unknown[]) => void) => void
type Callback = (...args: unknown[]) => void
type Module = Readonly<Record<string, (...args: unknown[]) => Promise<unknown> | undefined>>

/** The globals `HipChat` and `AP`, apart from the modules themselves. */
export interface Library {
  /** Registers event listeners, replacing all earlier ones. */
  register(handlers: Readonly<Record<string, Handler>>): void
  /** Modules by name, for a callback and as a promise. */
  require(names: string | readonly string[], use?: (...modules: unknown[]) => void): Promise<unknown>
  /** Sends an event to the other open frames of the same add-on. */
  broadcast(name: string, data?: unknown): void
  readonly [module: string]: unknown
}

const alone = 'This page is not in a frame of a chat: nothing can answer the call.'

/**
 * The JavaScript API for the page in `window`. Each function takes a callback `(error, value)` as its last argument; without one it
 * returns a promise, and if nobody awaits that, a refused command is written to the console. On a page that is not in a
 * frame every call is refused.
 */
export function createLibrary(window: Window): Library {
  const framing = framingOf(window)
  const pending = new Map<string, Callback>()
  let handlers: Readonly<Record<string, Handler>> = {}
  let keys: readonly { readonly keycode: number; readonly modifiers: readonly string[] }[] = []
  let last = 0

  const post = (message: DistributiveOmit<FromFrame, 'eid'>) => {
    if (framing) window.parent.postMessage({ eid: framing.extension_id, ...message }, framing.origin)
  }

  function send(mod: string, fn: string, args: readonly unknown[], answer: Callback | undefined): void {
    if (!framing) {
      if (answer) setTimeout(() => answer(alone)) // never before the call has returned
      return
    }
    last += 1
    const mid = `${last}-${Math.random().toString(36).slice(2)}`
    if (answer) pending.set(mid, answer)
    try {
      post({ type: 'req', ...(answer ? { mid } : {}), mod, fn, args })
    } catch (error) {
      pending.delete(mid) // a function, or a DOM node, among the arguments
      if (answer) setTimeout(() => answer(`The arguments of ${mod}.${fn} cannot be sent: ${String(error)}`))
    }
  }

  const functionOf =
    (mod: string, fn: string) =>
    (...given: unknown[]): Promise<unknown> | undefined => {
      const args = [...given]
      const callback = typeof args.at(-1) === 'function' ? (args.pop() as Callback) : undefined // checked in this line
      if (callback) {
        send(mod, fn, args, callback)
        return undefined
      }
      const name = `${mod}.${fn}`
      if (framing && !framing.options?.answersAll && !answered.has(name)) {
        send(mod, fn, args, undefined) // the host sends no answer to that
        return Promise.resolve()
      }
      const promise = new Promise((resolve, reject) => {
        send(mod, fn, args, (error, value) => {
          if (error) reject(new Error(textOf(error)))
          else resolve(value)
        })
      })
      // Pages of that time did not wait for their commands.
      if (!answered.has(name)) promise.catch((error) => console.warn(`HipChat.${name}: ${error.message}`))
      return promise
    }

  const modules: Record<string, Module> = {}
  for (const [name, functions] of Object.entries(framing?.api ?? api))
    modules[name] = Object.fromEntries(Object.keys(functions).map((fn) => [fn, functionOf(name, fn)]))

  function happens(message: ToFrame & { readonly type: 'evt' }): void {
    const { etyp, evnt, mid } = message
    const answer = (...args: unknown[]) => {
      if (mid !== undefined) post({ type: 'resp', mid, args })
    }
    const handler = Object.hasOwn(handlers, etyp) ? handlers[etyp] : undefined
    if (handler) handler(evnt, answer)
    else answer()
  }

  function listenTo({ keycode, modifiers, action }: ToFrame & { readonly type: 'key_listen' }): void {
    keys = keys.filter((key) => key.keycode !== keycode || !isSame(key.modifiers, modifiers))
    if (action === 'add') keys = [...keys, { keycode, modifiers: modifiers ?? [] }]
  }

  if (framing) {
    window.addEventListener('message', (event: MessageEvent<ToFrame | undefined>) => {
      if (event.source !== window.parent || event.origin !== framing.origin) return
      const message = event.data
      switch (message?.type) {
        case 'resp': {
          const callback = pending.get(message.mid)
          pending.delete(message.mid)
          callback?.(...(message.args ?? []))
          return
        }
        case 'evt':
          happens(message)
          return
        case 'key_listen':
          listenTo(message)
      }
    })
    window.addEventListener('keydown', (event) => {
      const modifiers = (['ctrl', 'alt', 'shift', 'meta'] as const).filter((name) => event[`${name}Key`])
      const { keyCode: keycode } = event // the other side expects this
      if (keys.some((key) => key.keycode === keycode && isSame(key.modifiers, modifiers)))
        post({ type: 'key_listen', keycode, modifiers })
    })
    post({ type: 'init' })
  }

  return {
    ...modules,
    register(given) {
      handlers = given ?? {}
      post({ type: 'event_query', args: Object.keys(handlers) })
    },
    require(names, use) {
      const found = (typeof names === 'string' ? [names] : names).map((name) => modules[name])
      if (use) setTimeout(() => use(...found))
      return Promise.resolve(typeof names === 'string' ? found[0] : found)
    },
    broadcast: (name, data) => post({ type: 'broadcast', etyp: name, evnt: data }),
  }
}

/** `Omit` for each of several types. */
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

function framingOf(window: Window): Framing | undefined {
  if (window.parent === window) return undefined
  try {
    const found = JSON.parse(window.name)
    if (typeof found?.extension_id === 'string' && typeof found.origin === 'string') return found
  } catch {
    // framed by another page
  }
  return undefined
}

const isSame = (one: readonly string[] = [], other: readonly string[] = []): boolean =>
  one.length === other.length && one.every((name) => other.includes(name))

/** An error is a string, or has a message. */
const textOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error)
