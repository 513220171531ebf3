import type { Scope } from '../../api/scopes.ts'
import type {
  AnonymousContext,
  GlanceHandler,
  PageContext,
  PageHandler,
  ViewContext,
} from '../pages/page-context.ts'
import type {
  ActionOptions,
  ConfigurableOptions,
  DialogOptions,
  ExternalPageOptions,
  GlanceOptions,
  WebPanelOptions,
} from './module-options.ts'

/** A registered module. */
export interface RegisteredModule {
  /** Key of the module. */
  readonly key: string
  /**
   * Address of its page or content, with placeholders that clients fill in. Throws a
   * ConfigurationError until the base address is known, and for a glance without a handler.
   */
  readonly url: string
}

type Unsigned<Options> = Options & { readonly authentication: 'none' }
type Signed<Options> = Options & { readonly authentication?: 'jwt' }

/**
 * Registers what an add-on shows in clients. The modules are part of the descriptor. Each method throws a
 * ConfigurationError for an invalid option, a key that is taken, or after `listen()` or `callback()`.
 */
export interface ModuleMethods<S extends Scope> {
  /**
   * Registers a glance: a line next to the chat. The handler returns its content for a person who opens the
   * room; `glance.push` changes it later. Without a handler it shows its name.
   */
  glance<const P extends string = never>(
    options: GlanceOptions<P>,
    handler?: GlanceHandler<ViewContext<S, P>>,
  ): RegisteredModule
  /** Registers a web panel: a page in the sidebar next to the chat. */
  webPanel<const P extends string = never>(
    options: Unsigned<WebPanelOptions<P>>,
    handler: PageHandler<AnonymousContext<P>>,
  ): RegisteredModule
  webPanel<const P extends string = never>(
    options: Signed<WebPanelOptions<P>>,
    handler: PageHandler<PageContext<S, P>>,
  ): RegisteredModule
  /** Registers a dialog: a page in a window over the chat. */
  dialog<const P extends string = never>(
    options: Unsigned<DialogOptions<P>>,
    handler: PageHandler<AnonymousContext<P>>,
  ): RegisteredModule
  dialog<const P extends string = never>(
    options: Signed<DialogOptions<P>>,
    handler: PageHandler<PageContext<S, P>>,
  ): RegisteredModule
  /**
   * Registers an action: an entry in the menu of messages or of the input field. The view that it opens
   * receives an event with the action's key.
   */
  action(options: ActionOptions): { readonly key: string }
  /** Registers an external page: a page in a browser window. */
  externalPage<const P extends string = never>(
    options: ExternalPageOptions<P>,
    handler: PageHandler<PageContext<S, P>>,
  ): RegisteredModule
  /**
   * Registers the configuration page, in the server's administration. `addon.settings` provides a complete
   * one.
   */
  configurable(handler: PageHandler<PageContext<S, never>>): RegisteredModule
  configurable(options: ConfigurableOptions, handler: PageHandler<PageContext<S, never>>): RegisteredModule
  /** Registers an admin page, in the menu of the server's administration. */
  adminPage(handler: PageHandler<PageContext<S, never>>): RegisteredModule
}
