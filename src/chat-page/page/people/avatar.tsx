import { useSignal } from '@preact/signals'
import type { PageUser } from '../../../server/chat-page/routes.ts'
import { isAddress } from '../messages/html.ts'
import './people.css'

/** Dark enough for white letters. */
const colours = ['#9a3324', '#8a4b08', '#5d6b12', '#1f6f43', '#0f6b78', '#2358a8', '#5a48b0', '#8c3a86']

interface AvatarProps {
  readonly id: number
  readonly name: string
  readonly url?: string | null | undefined
  readonly size?: number
}

/** A person's picture, or their initials on a colour that is always the same for them. Their name is next to it. */
export function Avatar({ id, name, url, size = 36 }: AvatarProps) {
  const style = { width: `${size}px`, height: `${size}px`, fontSize: `${Math.round(size * 0.4)}px` }
  const missing = useSignal<string | undefined>(undefined)
  if (isAddress(url) && missing.value !== url)
    return (
      <img
        class="avatar"
        src={url}
        alt=""
        style={style}
        loading="lazy"
        onError={() => {
          missing.value = url
        }}
      />
    )
  return (
    <span
      class="avatar"
      aria-hidden="true"
      style={{ ...style, background: colours[Math.abs(id) % colours.length] }}
    >
      {initials(name)}
    </span>
  )
}

function initials(name: string): string {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? []
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => [...(word ?? '')][0] ?? '',
  )
  return letters.join('').toUpperCase() || '?'
}

/** A number that is always the same for a name, for people without an id. */
export const numberOf = (name: string): number =>
  [...name].reduce((sum, one) => sum + (one.codePointAt(0) ?? 0), 0)

/** Whether a person can be reached. */
export type Availability = 'chat' | 'away' | 'dnd' | 'offline'

/** The words for it, for everyone who cannot see the colour. */
export const availabilityNames: Readonly<Record<Availability, string>> = {
  chat: 'available',
  away: 'away',
  dnd: 'do not disturb',
  offline: 'offline',
}

/** A person's availability; extended absence is shown as away. */
export function availabilityOf({ presence }: PageUser): Availability {
  if (!presence?.is_online) return 'offline'
  if (presence.show === 'dnd') return 'dnd'
  return presence.show === 'away' || presence.show === 'xa' ? 'away' : 'chat'
}

/** The dot that shows the availability of a person. */
export function Presence({ user }: { user: PageUser }) {
  const state = availabilityOf(user)
  return (
    <span class={`presence presence-${state}`}>
      <span class="hidden-text">{availabilityNames[state]}</span>
    </span>
  )
}
