import { signal } from '@preact/signals'
import { Icon } from './icons.tsx'
import { place } from './place.ts'

/** A phone has space for one column: which of the two others is shown over it. */
export const opened = signal<'navigation' | 'side' | undefined>(undefined)

place.subscribe(() => {
  opened.value = undefined
})

/** Opens the list of rooms and people in a narrow window, which has no place for it otherwise. */
export const NavigationButton = () => (
  <button
    type="button"
    class="button-icon only-narrow"
    aria-label="Rooms and people"
    aria-expanded={opened.value === 'navigation'}
    onClick={() => {
      opened.value = 'navigation'
    }}
  >
    <Icon name="menu" />
  </button>
)

/** Opens what add-ons show beside the chat; hidden if there is nothing. */
export const SideButton = () => (
  <button
    type="button"
    class="button-icon only-narrow side-button"
    aria-label="Add-ons beside the chat"
    aria-expanded={opened.value === 'side'}
    onClick={() => {
      opened.value = opened.value === 'side' ? undefined : 'side'
    }}
  >
    <Icon name="side" />
  </button>
)
