import type { Descriptor } from '../api/descriptor.ts'
import { ConfigurationError } from '../errors.ts'
import { type ConditionPlace, readConditions } from './conditions.ts'
import type { Icons } from './icons.ts'
import type { Keys } from './keys.ts'
import { checkMembers, expectFunction } from './members.ts'
import {
  type ActionOptions,
  type ConfigurableOptions,
  type DialogButton,
  type DialogOptions,
  type ExternalPageOptions,
  type GlanceOptions,
  optionsOf,
  type Target,
  type WebPanelOptions,
} from './module-options.ts'
import type {
  AnonymousContext,
  GlanceHandler,
  PageContext,
  PageHandler,
  ViewContext,
} from './page-context.ts'
import { paths } from './paths.ts'

/** A glance whose content is asked for. */
export interface Glance {
  readonly key: string
  /** Names of what the client puts into the address. */
  readonly parameters: readonly string[]
  readonly handle: GlanceHandler<ViewContext>
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

/** What an add-on shows: registered, checked, and told in the descriptor. */
export interface Modules {
  /** Glances that have a handler, by key. */
  readonly glances: ReadonlyMap<string, Glance>
  /** Pages by their paths below the base address. */
  readonly pages: ReadonlyMap<string, ShownPage>
  /** Keys of all glances, with a handler and without one. */
  glanceKeys(): string[]
  glance(options: GlanceOptions<string>, handler: GlanceHandler<ViewContext> | undefined): RegisteredAt
  webPanel(options: WebPanelOptions<string>, handler: AnyPageHandler): RegisteredAt
  dialog(options: DialogOptions<string>, handler: AnyPageHandler): RegisteredAt
  action(options: ActionOptions): RegisteredAt
  externalPage(options: ExternalPageOptions<string>, handler: PageHandler<PageContext>): RegisteredAt
  configurable(
    options: ConfigurableOptions,
    handler: PageHandler<PageContext>,
    form?: PageHandler<FormContext>,
  ): RegisteredAt
  adminPage(handler: PageHandler<PageContext>): RegisteredAt
  /** The modules as the descriptor has them. */
  capabilities(
    baseUrl: string,
  ): Pick<NonNullable<Descriptor['capabilities']>, Kind | 'configurable' | 'adminPage'>
  /** Throws a {@link ConfigurationError} for a target that is none: everything has been registered. */
  checkTargets(): void
}

/** A handler of either kind; which one it is shows by the option `authentication`. */
export type AnyPageHandler = PageHandler<PageContext> | PageHandler<AnonymousContext>

/** What was registered, and the path of its page or content if it has any. */
export interface RegisteredAt {
  readonly key: string
  readonly path: string | undefined
}

type Kind = 'glance' | 'webPanel' | 'dialog' | 'action' | 'externalPage'

interface Module {
  readonly kind: Kind
  readonly key: string
  readonly target: string | undefined
  describe(baseUrl: string): object
}

interface PageRules {
  readonly framed: boolean
  readonly title?: string | undefined
  readonly parameters?: object | undefined
  readonly authentication?: 'jwt' | 'none' | undefined
}

// A glance stands for what it opens; clients cannot open one for another one.
const targetsOf: Readonly<Partial<Record<Kind, readonly Kind[]>>> = {
  glance: ['dialog', 'webPanel', 'externalPage'],
  action: ['dialog', 'webPanel', 'externalPage', 'glance'],
}

export function createModules(keys: Keys, icons: Icons): Modules {
  const modules = new Map<string, Module>()
  const glances = new Map<string, Glance>()
  const pages = new Map<string, ShownPage>()
  const single: { configurable?: ConfigurableOptions; adminPage?: true } = {}

  function register(
    kind: Kind,
    key: string,
    target: Target | undefined,
    describe: Module['describe'],
    path?: string,
  ): RegisteredAt {
    keys.take(kind, key, kind)
    modules.set(key, { kind, key, target: typeof target === 'object' ? target.key : target, describe })
    return { key, path }
  }

  function addPage(path: string, key: string, page: PageRules, handle: AnyPageHandler): void {
    const { framed, title, parameters, authentication = 'jwt' } = page
    // Its type follows from the option `authentication`, as the overloads of `Addon` have it.
    const handler = { authentication, handle } as ShownPage['handler']
    pages.set(path, { key, framed, title, parameters: Object.keys(parameters ?? {}), handler })
  }

  return {
    glances,
    pages,
    glanceKeys: () => [...modules.values()].filter(({ kind }) => kind === 'glance').map(({ key }) => key),

    glance(options, handle) {
      const what = nameOf('glance', options)
      checkMembers<GlanceOptions>(what, options, optionsOf.glance, ['key', 'name', 'icon'])
      if (handle !== undefined) expectFunction(handle, `${what}: expected a handler`)
      const { key, name, target, weight, parameters } = options
      if (!handle && parameters)
        throw new ConfigurationError(`${what}: parameters are for its handler, and it has none`)
      const icon = icons.add(`${what}: icon`, options.icon)
      const conditions = conditionsOf(what, options, 'glances')
      const path = handle && withParameters(`${paths.glance}${key}`, parameters)
      const registered = register(
        'glance',
        key,
        target,
        (baseUrl) => ({
          key,
          name: { value: name },
          icon: icon(baseUrl),
          ...(path === undefined ? {} : { queryUrl: `${baseUrl}${path}` }),
          ...given({ target, weight, conditions }),
        }),
        path,
      )
      if (handle) glances.set(key, { key, parameters: Object.keys(parameters ?? {}), handle })
      return registered
    },

    webPanel(options, handle) {
      const what = nameOf('webPanel', options)
      checkMembers<WebPanelOptions>(what, options, optionsOf.webPanel, ['key', 'name'])
      expectFunction(handle, `${what}: expected a handler`)
      const { key, name, weight, parameters, authentication = 'jwt' } = options
      const icon = options.icon === undefined ? undefined : icons.add(`${what}: icon`, options.icon)
      const conditions = conditionsOf(what, options, 'web panels')
      const path = withParameters(`${paths.page}${key}`, parameters)
      const registered = register(
        'webPanel',
        key,
        undefined,
        (baseUrl) => ({
          key,
          name: { value: name },
          location: 'hipchat.sidebar.right',
          url: `${baseUrl}${path}`,
          authentication,
          ...given({ icon: icon?.(baseUrl), weight, conditions }),
        }),
        path,
      )
      addPage(`${paths.page}${key}`, key, { framed: true, title: name, parameters, authentication }, handle)
      return registered
    },

    dialog(options, handle) {
      const what = nameOf('dialog', options)
      checkMembers<DialogOptions>(what, options, optionsOf.dialog, ['key', 'title'])
      expectFunction(handle, `${what}: expected a handler`)
      const { key, title, parameters, authentication = 'jwt' } = options
      const path = withParameters(`${paths.page}${key}`, parameters)
      const shown = dialogOptions(options)
      const registered = register(
        'dialog',
        key,
        undefined,
        (baseUrl) => ({
          key,
          title: { value: title },
          url: `${baseUrl}${path}`,
          authentication,
          ...(Object.keys(shown).length > 0 ? { options: shown } : {}),
        }),
        path,
      )
      addPage(`${paths.page}${key}`, key, { framed: true, title, parameters, authentication }, handle)
      return registered
    },

    action(options) {
      const what = nameOf('action', options)
      checkMembers<ActionOptions>(what, options, optionsOf.action, ['key', 'name', 'location', 'target'])
      const { key, name, location, target, weight } = options
      const place = location === 'hipchat.message.action' ? 'message actions' : 'input actions'
      const conditions = conditionsOf(what, options, place)
      return register('action', key, target, () => ({
        key,
        name: { value: name },
        location,
        target,
        ...given({ weight, conditions }),
      }))
    },

    externalPage(options, handle) {
      const what = nameOf('externalPage', options)
      checkMembers<ExternalPageOptions>(what, options, optionsOf.externalPage, ['key'])
      expectFunction(handle, `${what}: expected a handler`)
      const { key, name, parameters } = options
      const path = withParameters(`${paths.page}${key}`, parameters)
      const registered = register(
        'externalPage',
        key,
        undefined,
        (baseUrl) => ({
          key,
          url: `${baseUrl}${path}`,
          ...(name === undefined ? {} : { name: { value: name } }),
        }),
        path,
      )
      addPage(`${paths.page}${key}`, key, { framed: false, title: name, parameters }, handle)
      return registered
    },

    configurable(options, handle, form) {
      checkMembers<ConfigurableOptions>('configurable', options, optionsOf.configurable, [])
      expectFunction(handle, 'configurable: expected a handler')
      if (single.configurable)
        throw new ConfigurationError(
          'there are two configuration pages; an add-on has one, made by addon.configurable() or by addon.settings()',
        )
      single.configurable = options
      addPage(paths.configurable, 'configurable', { framed: true }, handle)
      const page = pages.get(paths.configurable)
      if (form && page) pages.set(paths.configurable, { ...page, form })
      return { key: 'configurable', path: paths.configurable }
    },

    adminPage(handle) {
      expectFunction(handle, 'adminPage: expected a handler')
      if (single.adminPage) throw new ConfigurationError('there are two admin pages; an add-on has one')
      single.adminPage = true
      addPage(paths.adminPage, 'adminPage', { framed: true }, handle)
      return { key: 'adminPage', path: paths.adminPage }
    },

    capabilities(baseUrl) {
      const found: Partial<Record<Kind, object[]>> = {}
      for (const { kind, describe } of modules.values()) {
        found[kind] ??= []
        found[kind].push(describe(baseUrl))
      }
      const { configurable, adminPage } = single
      // The descriptor as a whole is validated against HipChat's schema.
      return {
        ...found,
        ...(configurable
          ? {
              configurable: {
                url: `${baseUrl}${paths.configurable}`,
                authentication: 'jwt',
                ...configurable,
              },
            }
          : {}),
        ...(adminPage ? { adminPage: { url: `${baseUrl}${paths.adminPage}` } } : {}),
      } as ReturnType<Modules['capabilities']>
    },

    checkTargets() {
      for (const { kind, key, target } of modules.values()) {
        if (target === undefined || fits(kind, target)) continue
        const there = [...modules.values()].filter((other) => fits(kind, other.key)).map((other) => other.key)
        throw new ConfigurationError(
          `${kind} ${key}: there is no ${targetsOf[kind]?.join(', ')} with the key ${target} that it could open; ${there.length > 0 ? `there are ${there.join(', ')}` : 'none is registered'}`,
        )
      }
    },
  }

  function fits(kind: Kind, target: string): boolean {
    const found = modules.get(target)
    return found !== undefined && targetsOf[kind]?.includes(found.kind) === true
  }
}

/** How messages call a module. */
function nameOf(kind: Kind, options: unknown): string {
  const { key } = (options ?? {}) as { key?: unknown } // whatever it is, reading a member of it is allowed
  return typeof key === 'string' ? `${kind} ${key}` : kind
}

const conditionsOf = (what: string, { conditions }: { conditions?: unknown }, place: ConditionPlace) =>
  conditions === undefined ? undefined : readConditions(what, conditions, place)

/** Puts the placeholders behind a path that clients fill in. */
function withParameters(path: string, parameters: Readonly<Record<string, string>> | undefined): string {
  const all = Object.entries(parameters ?? {}).map(([name, value]) => `${name}={${value}}`)
  return all.length > 0 ? `${path}?${all.join('&')}` : path
}

function dialogOptions(options: DialogOptions): object {
  const { style, size, primaryAction, secondaryActions, hint, filter } = options
  return given({
    style,
    size,
    primaryAction: primaryAction === undefined ? undefined : buttonOf(primaryAction),
    secondaryActions: secondaryActions?.map(buttonOf),
    hint: hint === undefined ? undefined : { value: hint },
    filter: filterOf(filter),
  })
}

function buttonOf(button: DialogButton): object {
  if (typeof button === 'string') return { name: { value: button } }
  const { name, key, enabled } = button
  return { name: { value: name }, ...given({ key, enabled }) }
}

function filterOf(filter: DialogOptions['filter']): object | undefined {
  if (filter === undefined || filter === false) return undefined
  return filter === true ? {} : { placeholder: { value: filter } }
}

/** The members that are not `undefined`. */
const given = (members: Record<string, unknown>): object =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
