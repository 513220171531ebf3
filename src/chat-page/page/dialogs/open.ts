import { signal } from '@preact/signals'

/** Which of the dialogs is open that nobody but the page itself opens. */
export const page = signal<'switcher' | 'shortcuts' | 'status' | undefined>(undefined)
