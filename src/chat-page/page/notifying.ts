import { signal } from '@preact/signals'
import { beginningOf } from './characters.ts'
import { addressOf, goTo, type Talk } from './place.ts'

const key = 'hipchat-notify'
const isPossible = typeof Notification !== 'undefined'

/** Whether the browser notifies of mentions while the person looks at something else: only if they asked for it. */
export const notifies = signal(
  isPossible && Notification.permission === 'granted' && localStorage.getItem(key) === 'yes',
)

/** Asks for the browser's permission. Rejects with a message for people if it is not granted. */
export async function turnNotifications(on: boolean): Promise<void> {
  if (on && !isPossible) throw new Error('This browser does not support notifications.')
  if (on && (await Notification.requestPermission()) !== 'granted')
    throw new Error(
      'The browser does not allow notifications from this page. You can change that in its settings for this site.',
    )
  localStorage.setItem(key, on ? 'yes' : 'no')
  notifies.value = on
}

const longest = 200

/** Shows a notification of the browser, if the person has allowed it. A click on it opens the conversation. */
export function notify(title: string, text: string, talk: Talk): void {
  if (!notifies.value) return
  try {
    const shown = new Notification(title, { body: beginningOf(text, longest), tag: addressOf(talk) })
    shown.onclick = () => {
      window.focus()
      goTo(talk)
      shown.close()
    }
  } catch {
    // some browsers on phones support notifications only in workers
  }
}
