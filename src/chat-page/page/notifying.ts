import { signal } from '@preact/signals'
import { beginningOf } from './characters.ts'
import type { Talk } from './messages/talk.ts'
import { addressOf, goTo } from './place.ts'

const key = 'hipchat-notify'
const isPossible = typeof Notification !== 'undefined'

/** Whether the browser tells of mentions while somebody looks at something else: only when he asked for it. */
export const notifies = signal(
  isPossible && Notification.permission === 'granted' && localStorage.getItem(key) === 'yes',
)

/** Asks the browser's permission. Rejects with a text for people when there is none. */
export async function turnNotifications(on: boolean): Promise<void> {
  if (on && !isPossible) throw new Error('This browser has no notifications.')
  if (on && (await Notification.requestPermission()) !== 'granted')
    throw new Error(
      'The browser does not let this page notify you. Its settings for this site can change that.',
    )
  localStorage.setItem(key, on ? 'yes' : 'no')
  notifies.value = on
}

const longest = 200

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
    // some browsers on phones have notifications for workers only
  }
}
