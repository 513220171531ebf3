import { signal } from '@preact/signals'

/** Which of the dialogs that only the page itself opens is open. */
export const page = signal<'switcher' | 'shortcuts' | 'status' | undefined>(undefined)
