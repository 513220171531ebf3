import { signal } from '@preact/signals'

/** The session of the person signed in on this page. */
export interface Session {
  readonly token: string
  readonly userId: number
}

const key = 'hipchat-session'

function kept(): Session | null {
  for (const storage of [sessionStorage, localStorage])
    try {
      const found = JSON.parse(storage.getItem(key) ?? 'null')
      if (typeof found?.token === 'string' && typeof found.userId === 'number') return found
    } catch {
      // not ours, or no storage at all
    }
  return null
}

/**
 * Kept for this tab alone, or on request until the person signs out. Never a cookie, which an add-on on another port of the
 * same host would receive too. Separate tabs let one person sign in as two.
 */
export const session = signal<Session | null>(kept())

/** Begins a session, kept for this tab, or with `stay` until the person signs out. */
export function signedIn(opened: Session, stay: boolean): void {
  ;(stay ? localStorage : sessionStorage).setItem(key, JSON.stringify(opened))
  session.value = opened
}

/** Ends the session in this browser. */
export function signedOut(): void {
  sessionStorage.removeItem(key)
  localStorage.removeItem(key)
  session.value = null
}
