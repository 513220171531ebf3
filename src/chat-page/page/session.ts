import { signal } from '@preact/signals'

/** Who is signed in on this page. */
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
 * Kept for this tab alone, or on wish until somebody signs out: never as a cookie, which an add-on on another port of the
 * same host would get too. A tab for itself is what lets one person be two in two tabs.
 */
export const session = signal<Session | null>(kept())

export function signedIn(opened: Session, stay: boolean): void {
  ;(stay ? localStorage : sessionStorage).setItem(key, JSON.stringify(opened))
  session.value = opened
}

export function signedOut(): void {
  sessionStorage.removeItem(key)
  localStorage.removeItem(key)
  session.value = null
}
