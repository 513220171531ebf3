import { computed, effect, signal } from '@preact/signals'

/** The chosen theme; `system`: that of the operating system. */
export type ThemeChoice = 'system' | 'light' | 'dark'

const key = 'hipchat-theme'
const dark = matchMedia('(prefers-color-scheme: dark)')
const systemIsDark = signal(dark.matches)
dark.addEventListener('change', (event) => {
  systemIsDark.value = event.matches
})

const kept = (): ThemeChoice => {
  const found = localStorage.getItem(key)
  return found === 'light' || found === 'dark' ? found : 'system'
}

/** The person's choice, kept in this browser. */
export const themeChoice = signal<ThemeChoice>(kept())

/** The theme of the page, which the frames of add-ons receive. */
export const theme = computed<'light' | 'dark'>(() => {
  if (themeChoice.value !== 'system') return themeChoice.value
  return systemIsDark.value ? 'dark' : 'light'
})

effect(() => {
  document.documentElement.dataset['theme'] = theme.value
  localStorage.setItem(key, themeChoice.value)
})
