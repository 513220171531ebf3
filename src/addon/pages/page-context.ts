import type { Readable } from 'node:stream'
import type { Scope } from '../../api/scopes.ts'
import type { Room } from '../../client/client.ts'
import type { GlanceShown } from '../../client/glance.ts'
import type { Html } from '../../common/html.ts'
import type { InstallationContext } from '../../installations/context.ts'
import type { Logger } from '../../telemetry/log.ts'
import type { PageParts, Theme } from './page.ts'

/**
 * The person who is looking at a page or glance. HipChat sends no more than this; `client.getUser` gets their
 * name.
 */
export interface Viewer {
  /** HipChat's id of the person, unique only on their server. */
  readonly id: number
  /** Name of their time zone, such as `Europe/Berlin`; `undefined` if HipChat did not say. */
  readonly timezone: string | undefined
}

/** The context of a glance's handler. */
export interface ViewContext<S extends Scope = Scope, P extends string = string>
  extends InstallationContext<S> {
  /** Key of the module; `configurable` or `adminPage` for the pages without a key. */
  readonly module: string
  /** The room in which it is shown; `undefined` for a page about the whole group. */
  readonly room: Room<S> | undefined
  /** The person who is looking at it; `undefined` if HipChat did not say. */
  readonly user: Viewer | undefined
  /**
   * Values from the client, by the names in the option `parameters`; an empty string where the client had no
   * value.
   */
  readonly parameters: Readonly<Record<P, string>>
}

/** The context of a page's handler: of a panel, dialog, external, configuration or admin page. */
export interface PageContext<S extends Scope = Scope, P extends string = string> extends ViewContext<S, P> {
  /** Theme of the person's client. */
  readonly theme: Theme
  /**
   * Authenticates calls from this page to your own routes, as `Authorization: Bearer …`;
   * `addon.session(ctx)` reads it. Valid for an hour. A page that the add-on makes from {@link Html} has it
   * in `<meta name="session-token">`.
   */
  readonly sessionToken: string
}

/**
 * The context of a panel's or dialog's handler with `authentication: 'none'`. Nothing is known about the
 * person who opened the page: they may be anyone, on any server or none.
 */
export interface AnonymousContext<P extends string = string> {
  /** Key of the module. */
  readonly module: string
  /** Theme of the person's client. */
  readonly theme: Theme
  /**
   * Values from the address, by the names in the option `parameters`; an empty string where there is no
   * value.
   */
  readonly parameters: Readonly<Record<P, string>>
  /** Logger that names the module. */
  readonly log: Logger
  /** Aborted when the handler, or `close()`, has taken too long. */
  readonly signal: AbortSignal
}

/**
 * What a page's handler may return:
 *
 * - {@link Html}: a whole page, or the content of one, which the add-on completes
 * - the result of `page()`: content with a title, a language or more
 * - a string: shown as plain text
 * - a stream: sent as HTML
 * - a `Response`: sent with its own status and headers
 * - nothing: an empty answer
 */
export type PageReturned =
  // biome-ignore lint/suspicious/noConfusingVoidType: a handler that returns nothing has the type void
  void | undefined | string | Html | PageParts | Response | Readable | ReadableStream<Uint8Array>

/** Makes a page for the person who opened it. An error goes to `onError`, and the person sees an error page. */
export type PageHandler<C> = (context: C) => PageReturned | Promise<PageReturned>

/** Returns the content of a glance for the person who opened the room. An error goes to `onError`. */
export type GlanceHandler<C> = (context: C) => GlanceShown | Promise<GlanceShown>
