import { signal } from '@preact/signals'

/** An open dialog of the page's own: creating a room, or inviting people. */
export type Asking =
  | {
      readonly kind: 'create room'
      readonly name?: string
      readonly topic?: string
      readonly privacy?: 'public' | 'private'
    }
  | { readonly kind: 'invite'; readonly roomId: number; readonly userIds: readonly number[] }
  | { readonly kind: 'files'; readonly files: readonly ViewedFile[]; readonly at: number }

/** A picture that the viewer can show. */
export interface ViewedFile {
  readonly name: string
  readonly url: string
}

/** The open dialog, if there is one. */
export const asking = signal<Asking | undefined>(undefined)
