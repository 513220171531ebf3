import type {
  AnonymousContext,
  GlanceHandler,
  PageContext,
  PageHandler,
  ViewContext,
} from './page-context.ts'

/** A glance with a handler. */
export interface Glance {
  readonly key: string
  /** Names of the values that the client adds to the address. */
  readonly parameters: readonly string[]
  readonly handle: GlanceHandler<ViewContext>
}

/** Who may open a page about the whole group. */
export interface GroupRules {
  /** Whether rooms have a page of their own: then it can also be opened from a room, and is about that room. */
  readonly rooms: boolean
  /** Whether the author's code decides: then every person is let through. */
  readonly anybody: boolean
}

/** A page that is shown by clients, or in a browser. */
export interface ShownPage {
  /** Key of the module; `configurable` or `adminPage` for the pages without a key. */
  readonly key: string
  /** Whether the server shows it in a frame. */
  readonly framed: boolean
  /** Default title of the page; `undefined` for the name of the add-on. */
  readonly title: string | undefined
  /** Names of the values that the client adds to the address. */
  readonly parameters: readonly string[]
  /** Who may open it, for a page about the whole group of a global installation. */
  readonly group?: GroupRules
  /** Handles the submitted form, for a page that has one. */
  readonly form?: PageHandler<FormContext>
  readonly handler:
    | { readonly authentication: 'jwt'; readonly handle: PageHandler<PageContext> }
    | { readonly authentication: 'none'; readonly handle: PageHandler<AnonymousContext> }
}

/** The context of a submitted form. */
export interface FormContext extends PageContext {
  readonly form: URLSearchParams
  /** Whether the form's session has expired: then its content may be shown again, but not used. */
  readonly expired: boolean
}
