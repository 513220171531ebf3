import type { Readable } from 'node:stream'
import type { Scope } from '../../api/scopes.ts'
import type { Room } from '../../client/client.ts'
import type { GlanceShown } from '../../client/glance.ts'
import type { Html } from '../../common/html.ts'
import type { InstallationContext } from '../../installations/context.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { PageParts, Theme } from './page.ts'

/** Who looks at a page or glance. HipChat says no more than this; names are a call away. */
export interface Viewer {
  /** HipChat's id of the person; means nothing on another server. */
  readonly id: number
  /** Name of the time zone, such as `Europe/Berlin`, when HipChat says it. */
  readonly timezone: string | undefined
}

/** What the handler of a glance gets. */
export interface ViewContext<S extends Scope = Scope, P extends string = string>
  extends InstallationContext<S> {
  /** Key of the module; `configurable` and `adminPage` for the pages that have none. */
  readonly module: string
  /** The room it is shown in; `undefined` for a page about the whole group. */
  readonly room: Room<S> | undefined
  /** Who looks at it; `undefined` when HipChat did not say. */
  readonly user: Viewer | undefined
  /** What the client put into the address, by the names the option `parameters` gives; an empty text where it had nothing. */
  readonly parameters: Readonly<Record<P, string>>
}

/** What the handler of a page gets: a panel, dialog, external, configuration or admin page. */
export interface PageContext<S extends Scope = Scope, P extends string = string> extends ViewContext<S, P> {
  readonly theme: Theme
  /**
   * For calls of this page to routes of yours, as `Authorization: Bearer …`: `addon.session(ctx)` reads it. Good for an
   * hour. A page made by this package has it in `<meta name="session-token">`.
   */
  readonly sessionToken: string
}

/**
 * What the handler of a panel or dialog with `authentication: 'none'` gets. Nobody vouches for who asks: it can be
 * anybody, on any server or none.
 */
export interface AnonymousContext<P extends string = string> {
  readonly module: string
  readonly theme: Theme
  readonly parameters: Readonly<Record<P, string>>
  readonly log: Logger
  readonly signal: AbortSignal
}

/**
 * What a page's handler may return. {@link Html}: a page, or the inside of one, which is then made whole; `page()` says
 * more about it. A text is
 * shown as text. A stream is HTML as it is; a `Response` says itself what it is. Nothing: an empty answer.
 */
export type PageReturned =
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing has the type void
  void | undefined | string | Html | PageParts | Response | Readable | ReadableStream<Uint8Array>

export type PageHandler<C> = (context: C) => PageReturned | Promise<PageReturned>

export type GlanceHandler<C> = (context: C) => GlanceShown | Promise<GlanceShown>
