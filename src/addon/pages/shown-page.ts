import type {
  AnonymousContext,
  GlanceHandler,
  PageContext,
  PageHandler,
  ViewContext,
} from './page-context.ts'

/** A glance whose content is asked for. */
export interface Glance {
  readonly key: string
  /** Names of what the client puts into the address. */
  readonly parameters: readonly string[]
  readonly handle: GlanceHandler<ViewContext>
}

/** How a page of the whole group is kept to its administrators. */
export interface GroupRules {
  /** Rooms have a page of their own: it is opened from a room too, and is about that room then. */
  readonly rooms: boolean
  /** The author decides who may: every person is let through. */
  readonly anybody: boolean
}

/** A page that is shown by clients, or in a browser. */
export interface ShownPage {
  /** Key of the module; `configurable` and `adminPage` for the pages that have none. */
  readonly key: string
  /** Whether the server shows it within a page of its own. */
  readonly framed: boolean
  /** Heading of a page that has none of its own; `undefined` for the name of the add-on. */
  readonly title: string | undefined
  readonly parameters: readonly string[]
  /** For a page that a global installation has for its whole group: to whom it is shown. */
  readonly group?: GroupRules
  /** For a page that has a form: whether it takes what the form sends. */
  readonly form?: PageHandler<FormContext>
  readonly handler:
    | { readonly authentication: 'jwt'; readonly handle: PageHandler<PageContext> }
    | { readonly authentication: 'none'; readonly handle: PageHandler<AnonymousContext> }
}

/** What somebody sent with the form of a page. */
export interface FormContext extends PageContext {
  readonly form: URLSearchParams
  /** The session that the form was drawn for is over: what it holds may be shown again, but not be used. */
  readonly expired: boolean
}
