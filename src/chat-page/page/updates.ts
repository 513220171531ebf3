import { signal } from '@preact/signals'
import { type PageEvents, updatesPath } from '../../server/chat-page/events.ts'
import { session, signedOut } from './session.ts'

/** Whether the page receives events. */
export const connection = signal<'connecting' | 'open' | 'down'>('connecting')

type Hear = { readonly [N in keyof PageEvents]: (data: PageEvents[N]) => void }

const longestPause = 15_000
const silence = 40_000 // the server sends something every 15 s

/**
 * Receives events from the server, from a given position on, until it is stopped. A broken connection is opened again, after
 * increasing pauses, and continues where it ended: the server sends what was missed, or says that everything must be reloaded.
 */
export function listen(from: string, hear: Hear): () => void {
  const stop = new AbortController()
  let cursor = from
  let failures = 0
  let wake = () => {}
  let drop = () => {}

  async function once(): Promise<void> {
    const attempt = new AbortController()
    const abort = () => attempt.abort()
    drop = abort
    stop.signal.addEventListener('abort', abort)
    let watchdog = setTimeout(abort, silence)
    try {
      const answer = await fetch(`/page${updatesPath}?after=${encodeURIComponent(cursor)}`, {
        headers: { authorization: `Bearer ${session.value?.token ?? ''}` },
        credentials: 'omit',
        cache: 'no-store',
        signal: attempt.signal,
      })
      if (answer.status === 401 || answer.status === 403) {
        if (!stop.signal.aborted) signedOut()
        return
      }
      if (!answer.ok || !answer.body) throw new Error(`answered ${answer.status}`)
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      let rest = ''
      for (;;) {
        const { value, done } = await reader.read()
        if (done) return
        clearTimeout(watchdog)
        watchdog = setTimeout(abort, silence)
        failures = 0
        connection.value = 'open'
        const blocks = (rest + value).split('\n\n')
        rest = blocks.pop() ?? ''
        for (const block of blocks) take(block)
      }
    } finally {
      clearTimeout(watchdog)
      stop.signal.removeEventListener('abort', abort)
    }
  }

  /**
   * Reads an event as the feed of the server writes it: a line per field, with line feeds only. A block of an id alone is a
   * heartbeat; it moves the cursor too.
   */
  function take(block: string): void {
    if (stop.signal.aborted) return
    const fields = new Map(
      block.split('\n').map((line) => {
        const at = line.indexOf(': ')
        return [line.slice(0, at), line.slice(at + 2)] as const
      }),
    )
    cursor = fields.get('id') ?? cursor
    const name = fields.get('event')
    const data = fields.get('data')
    if (name === undefined || data === undefined || !Object.hasOwn(hear, name)) return
    // Both sides take names and types from `PageEvents`, and the server wrote this event.
    const report = hear[name as keyof PageEvents] as (data: unknown) => void
    report(JSON.parse(data))
  }

  async function keepListening(): Promise<void> {
    while (!stop.signal.aborted) {
      try {
        await once()
      } catch {
        // retried below
      }
      if (stop.signal.aborted || !session.value) return
      failures += 1
      if (failures > 1) connection.value = 'down'
      const pause = Math.min(longestPause, 250 * 2 ** failures) * (0.5 + Math.random() / 2)
      await new Promise<void>((resolve) => {
        wake = resolve
        setTimeout(resolve, pause)
      })
    }
  }

  const hurry = () => wake()
  // A connection may seem to be alive long after its network has gone.
  const doubt = () => drop()
  addEventListener('online', hurry)
  addEventListener('offline', doubt)
  document.addEventListener('visibilitychange', hurry)
  connection.value = 'connecting'
  void keepListening()
  return () => {
    stop.abort()
    wake()
    removeEventListener('online', hurry)
    removeEventListener('offline', doubt)
    document.removeEventListener('visibilitychange', hurry)
  }
}
