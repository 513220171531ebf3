/**
 * How a page of an add-on and the page that frames it communicate (`ui-modules.md` 8.4). Atlassian's own library for it is part of
 * some add-ons, and was part of HipChat's client: either side here works with that library on the other side.
 */

/** What the frame receives in its name, as JSON. */
export interface Framing {
  readonly extension_id: string
  /** The functions that can be called: by module and function, the names of the arguments without the callback. */
  readonly api: Readonly<Record<string, Readonly<Record<string, { readonly args: readonly string[] }>>>>
  /** The URL of the framing page. */
  readonly origin: string
  readonly options: {
    /** Each call can have an answer, even one without a result: the error. Not HipChat's. */
    readonly answersAll?: boolean
  }
}

/** Messages of a frame to the page around it. */
export type FromFrame = { readonly eid: string } & (
  | { readonly type: 'init' }
  | {
      readonly type: 'req'
      readonly mid?: string
      readonly mod: string
      readonly fn: string
      readonly args: readonly unknown[]
    }
  | { readonly type: 'resp'; readonly mid: string; readonly args: readonly unknown[] }
  | { readonly type: 'event_query'; readonly args: readonly string[] }
  | { readonly type: 'broadcast'; readonly etyp: string; readonly evnt: unknown }
  | { readonly type: 'key_listen'; readonly keycode: number; readonly modifiers: readonly string[] }
)

/** Messages of the page around to a frame. */
export type ToFrame =
  | { readonly type: 'resp'; readonly mid: string; readonly args: readonly unknown[] }
  | { readonly type: 'evt'; readonly etyp: string; readonly evnt: unknown; readonly mid?: string }
  | {
      readonly type: 'key_listen'
      readonly keycode: number
      readonly modifiers: readonly string[]
      readonly action: 'add' | 'remove'
    }

const takes = <const Names extends readonly string[]>(...args: Names) => ({ args })

/** HipChat's modules and their functions, without the callback (`ui-modules.md` 8.2). */
export const api = {
  dialog: {
    open: takes('options'),
    update: takes('options'),
    updatePrimaryAction: takes('button'),
    close: takes(),
  },
  sidebar: { openView: takes('options'), closeView: takes() },
  room: {
    open: takes('options'),
    create: takes('name', 'topic', 'privacy'),
    invite: takes('ids'),
    getRoomDetails: takes(),
    getParticipants: takes(),
  },
  user: { getCurrentUser: takes(), open: takes('options') },
  chat: {
    focus: takes(),
    appendMessage: takes('message'),
    addFileForUploadWithBase64: takes('dataUrl', 'name'),
  },
  auth: { withToken: takes() },
  file: { openInFileViewer: takes('file', 'list') },
} as const

/** Functions that are called for their result: every host answers them. */
export const answered: ReadonlySet<string> = new Set([
  'room.getRoomDetails',
  'room.getParticipants',
  'user.getCurrentUser',
  'auth.withToken',
])
