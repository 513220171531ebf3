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
  readonly key: string
  /** Address of its page or content, with the placeholders that clients fill in. Throws before the base address is known. */
  readonly url: string
}

type Unsigned<Options> = Options & { readonly authentication: 'none' }
type Signed<Options> = Options & { readonly authentication?: 'jwt' }

/** What an add-on can show in clients: registered like handlers, and told in the descriptor. */
export interface Shows<S extends Scope> {
  /**
   * A line beside the chat. The handler says what it shows to who opens the room; from then on `glance.push` does. Without
   * a handler it shows its name.
   */
  glance<const P extends string = never>(
    options: GlanceOptions<P>,
    handler?: GlanceHandler<ViewContext<S, P>>,
  ): RegisteredModule
  /** A page in the bar beside the chat. */
  webPanel<const P extends string = never>(
    options: Unsigned<WebPanelOptions<P>>,
    handler: PageHandler<AnonymousContext<P>>,
  ): RegisteredModule
  webPanel<const P extends string = never>(
    options: Signed<WebPanelOptions<P>>,
    handler: PageHandler<PageContext<S, P>>,
  ): RegisteredModule
  /** A page in a window over the chat. */
  dialog<const P extends string = never>(
    options: Unsigned<DialogOptions<P>>,
    handler: PageHandler<AnonymousContext<P>>,
  ): RegisteredModule
  dialog<const P extends string = never>(
    options: Signed<DialogOptions<P>>,
    handler: PageHandler<PageContext<S, P>>,
  ): RegisteredModule
  /** An entry in the menu of messages or of the input field. What it opens is told the action's key as an event. */
  action(options: ActionOptions): { readonly key: string }
  /** A page in a window of the browser. */
  externalPage<const P extends string = never>(
    options: ExternalPageOptions<P>,
    handler: PageHandler<PageContext<S, P>>,
  ): RegisteredModule
  /** The page on which the add-on is configured, in the server's administration. `addon.settings` makes a whole one. */
  configurable(handler: PageHandler<PageContext<S, never>>): RegisteredModule
  configurable(options: ConfigurableOptions, handler: PageHandler<PageContext<S, never>>): RegisteredModule
  /** A page in the menu of the server's administration. */
  adminPage(handler: PageHandler<PageContext<S, never>>): RegisteredModule
}

/** What the registrations are made with. */
export interface ShowsParts {
  readonly modules: Modules
  url(): string
  /** To be told of a registration; refuses what comes too late. */
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
          : modules.configurable(first, second as PageHandler<PageContext>) // checked where it is registered
      }),
    adminPage: (handler) =>
      register('page for administrators', () => modules.adminPage(handler as PageHandler<PageContext>)),
  }
}
