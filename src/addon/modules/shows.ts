import type { Scope } from '../../api/scopes.ts'
import { ConfigurationError } from '../../errors.ts'
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
import type { AnyPageHandler, Modules, RegisteredAt } from './modules.ts'

/** A registered module. */
export interface RegisteredModule {
  /** Key of the module. */
  readonly key: string
  /**
   * Address of its page or content, with placeholders that clients fill in. Throws a {@link
   * ConfigurationError} until the base address is known, and for a glance without a handler.
   */
  readonly url: string
}

type Unsigned<Options> = Options & { readonly authentication: 'none' }
type Signed<Options> = Options & { readonly authentication?: 'jwt' }

/**
 * Registers what an add-on shows in clients. The modules are part of the descriptor. Each method throws a
 * {@link ConfigurationError} for an invalid option, a key that is taken, or after `listen()` or `callback()`.
 */
export interface Shows<S extends Scope> {
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

/** The services that registration needs. */
export interface ShowsParts {
  readonly modules: Modules
  /** The base address. */
  url(): string
  /** Called before each registration. Throws after the end of registration. */
  registering(what: string): void
}

export function createShows({ modules, url, registering }: ShowsParts): Shows<Scope> {
  function register(what: string, registration: () => RegisteredAt): RegisteredModule {
    registering(what)
    const { key, path } = registration()
    return {
      key,
      get url() {
        if (path === undefined) throw new ConfigurationError(`${what} ${key}: it has no address of its own`)
        return `${url()}${path}`
      },
    }
  }

  return {
    glance: (options: GlanceOptions<string>, handler?: GlanceHandler<ViewContext>) =>
      register('glance', () => modules.glance(options, handler)),
    webPanel: (options: WebPanelOptions<string>, handler: AnyPageHandler) =>
      register('web panel', () => modules.webPanel(options, handler)),
    dialog: (options: DialogOptions<string>, handler: AnyPageHandler) =>
      register('dialog', () => modules.dialog(options, handler)),
    action: (options) => register('action', () => modules.action(options)),
    externalPage: (options: ExternalPageOptions<string>, handler: PageHandler<PageContext>) =>
      register('external page', () => modules.externalPage(options, handler)),
    configurable: (
      first: ConfigurableOptions | PageHandler<PageContext<Scope, never>>,
      second?: PageHandler<PageContext<Scope, never>>,
    ) =>
      register('configuration page', () => {
        if (typeof first === 'function' && second !== undefined)
          throw new ConfigurationError('configurable: expected the handler last, after its options')
        return typeof first === 'function'
          ? modules.configurable({}, first as PageHandler<PageContext>)
          : modules.configurable(first, second as PageHandler<PageContext>) // `configurable` checks it
      }),
    adminPage: (handler) =>
      register('page for administrators', () => modules.adminPage(handler as PageHandler<PageContext>)),
  }
}
