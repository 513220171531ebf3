import type { Scope } from '../../api/scopes.ts'
import { ConfigurationError } from '../../errors.ts'
import { checkOptions, expectFunction } from '../../option-checks.ts'
import { paths } from '../../paths.ts'
import type { Keys } from '../keys.ts'
import type {
  AnonymousContext,
  GlanceHandler,
  PageContext,
  PageHandler,
  ViewContext,
} from '../pages/page-context.ts'
import type { FormContext, Glance, GroupRules, ShownPage } from '../pages/shown-page.ts'
import { type ConditionPlace, readConditions } from './conditions.ts'
import { descriptorEntry } from './descriptor-parts.ts'
import type { IconAddresses, Icons } from './icons.ts'
import type { ModuleMethods, RegisteredModule } from './module-methods.ts'
import {
  type ActionOptions,
  type ConfigurableOptions,
  type DialogOptions,
  type ExternalPageOptions,
  type GlanceOptions,
  optionsOf,
  type Target,
  type WebPanelOptions,
} from './module-options.ts'

/** The add-on's modules: registers them, checks them, and adds them to the descriptor. */
export interface Modules {
  /** Glances that have a handler, by key. */
  readonly glances: ReadonlyMap<string, Glance>
  /** Pages, by path below the base address. */
  readonly pages: ReadonlyMap<string, ShownPage>
  /** Keys of all glances, with or without a handler. */
  glanceKeys(): string[]
  /** The methods with which the author registers modules. */
  readonly methods: ModuleMethods<Scope>
  /** Registers the configuration page of `addon.settings`. */
  addSettingsPage(
    options: ConfigurableOptions,
    handler: PageHandler<PageContext>,
    own: SettingsPageRules,
  ): void
  /** The modules in the form of the descriptor, which is later validated as a whole. */
  capabilities(baseUrl: string): Readonly<Record<string, object>>
  /**
   * Throws a {@link ConfigurationError} for a target that does not exist. Called at the end of registration.
   */
  checkTargets(): void
}

/** More about the configuration page of `addon.settings`. */
export interface SettingsPageRules {
  readonly form: PageHandler<FormContext>
  /** Whether the author decides who may open it, with `mayChange`. */
  readonly anybody: boolean
}

/** What registering needs from the add-on. */
export interface ModulesParts {
  readonly keys: Keys
  readonly icons: Icons
  /** The base address. Throws a ConfigurationError until it is known. */
  url(): string
  /** Called before each registration with what is registered. Throws after the end of registration. */
  registering(what: string): void
}

/** A page handler of either kind; the option `authentication` decides which one it is. */
type AnyPageHandler = PageHandler<PageContext> | PageHandler<AnonymousContext>

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
  readonly group?: GroupRules
  readonly form?: ShownPage['form'] | undefined
}

// An action can name a glance, to open that glance's target. For the target of another glance, clients cannot
// do this.
const targetsOf: Readonly<Partial<Record<Kind, readonly Kind[]>>> = {
  glance: ['dialog', 'webPanel', 'externalPage'],
  action: ['dialog', 'webPanel', 'externalPage', 'glance'],
}

export function createModules({ keys, icons, url: baseUrl, registering }: ModulesParts): Modules {
  const modules = new Map<string, Module>()
  const glances = new Map<string, Glance>()
  const pages = new Map<string, ShownPage>()
  const single: { configurable?: ConfigurableOptions; adminPage?: true } = {}

  /** Adds a module; `path` is the path of its page or content, if it has one. */
  function register(
    kind: Kind,
    { key, target }: { readonly key: string; readonly target?: Target | undefined },
    path: string | undefined,
    entry: (baseUrl: string, url: string | undefined) => object,
  ): RegisteredModule {
    keys.take(kind, key, kind)
    const describe = (base: string) => entry(base, path && `${base}${path}`)
    modules.set(key, { kind, key, target: typeof target === 'object' ? target.key : target, describe })
    return registered(kind, key, path)
  }

  const registered = (what: string, key: string, path: string | undefined): RegisteredModule => ({
    key,
    get url() {
      if (path === undefined) throw new ConfigurationError(`${what} ${key}: it has no address of its own`)
      return `${baseUrl()}${path}`
    },
  })

  function addPage(path: string, key: string, rules: PageRules, handle: AnyPageHandler): void {
    const { framed, title, authentication = 'jwt', group, form } = rules
    // The option `authentication` decides its type, as in the overloads of `ModuleMethods`.
    const handler = { authentication, handle } as ShownPage['handler']
    const parameters = Object.keys(rules.parameters ?? {})
    pages.set(path, {
      key,
      framed,
      title,
      parameters,
      handler,
      ...(group ? { group } : {}),
      ...(form ? { form } : {}),
    })
  }

  const iconOf = (what: string, icon: unknown): IconAddresses | undefined =>
    icon === undefined ? undefined : icons.add(`${what}: icon`, icon)

  function addConfigurable(
    options: ConfigurableOptions,
    handle: PageHandler<PageContext>,
    own?: SettingsPageRules,
  ): RegisteredModule {
    checkOptions<ConfigurableOptions>('configurable', options, optionsOf.configurable)
    expectFunction(handle, 'configurable: expected a handler')
    if (single.configurable)
      throw new ConfigurationError(
        'there are two configuration pages; an add-on has one, made by addon.configurable() or by addon.settings()',
      )
    single.configurable = options
    const group = { rooms: options.allowAccessToRoomAdmins === true, anybody: own?.anybody === true }
    addPage(paths.configurable, 'configurable', { framed: true, group, form: own?.form }, handle)
    return registered('configuration page', 'configurable', paths.configurable)
  }

  const methods: ModuleMethods<Scope> = {
    glance(options: GlanceOptions<string>, handle?: GlanceHandler<ViewContext>) {
      registering('glance')
      const what = nameOf('glance', options)
      checkOptions<GlanceOptions>(what, options, optionsOf.glance, ['key', 'name', 'icon'])
      if (handle !== undefined) expectFunction(handle, `${what}: expected a handler`)
      const { key, parameters } = options
      if (!handle && parameters)
        throw new ConfigurationError(`${what}: parameters are for the handler, and this glance has none`)
      const icon = iconOf(what, options.icon)
      const conditions = conditionsOf(what, options, 'glances')
      const path = handle && withParameters(`${paths.glance}${key}`, parameters)
      const module = register('glance', options, path, (base, url) =>
        descriptorEntry.glance(options, { url, icon: icon?.(base), conditions }),
      )
      if (handle) glances.set(key, { key, parameters: Object.keys(parameters ?? {}), handle })
      return module
    },

    webPanel(options: WebPanelOptions<string>, handle: AnyPageHandler) {
      registering('web panel')
      const what = nameOf('webPanel', options)
      checkOptions<WebPanelOptions>(what, options, optionsOf.webPanel, ['key', 'name'])
      expectFunction(handle, `${what}: expected a handler`)
      const { key, name: title, parameters, authentication } = options
      const icon = iconOf(what, options.icon)
      const conditions = conditionsOf(what, options, 'web panels')
      const path = `${paths.page}${key}`
      const module = register('webPanel', options, withParameters(path, parameters), (base, url) =>
        descriptorEntry.webPanel(options, { url, icon: icon?.(base), conditions }),
      )
      addPage(path, key, { framed: true, title, parameters, authentication }, handle)
      return module
    },

    dialog(options: DialogOptions<string>, handle: AnyPageHandler) {
      registering('dialog')
      const what = nameOf('dialog', options)
      checkOptions<DialogOptions>(what, options, optionsOf.dialog, ['key', 'title'])
      expectFunction(handle, `${what}: expected a handler`)
      const { key, title, parameters, authentication } = options
      const path = `${paths.page}${key}`
      const module = register('dialog', options, withParameters(path, parameters), (_, url) =>
        descriptorEntry.dialog(options, { url }),
      )
      addPage(path, key, { framed: true, title, parameters, authentication }, handle)
      return module
    },

    action(options: ActionOptions) {
      registering('action')
      const what = nameOf('action', options)
      checkOptions<ActionOptions>(what, options, optionsOf.action, ['key', 'name', 'location', 'target'])
      const place = options.location === 'hipchat.message.action' ? 'message actions' : 'input actions'
      const conditions = conditionsOf(what, options, place)
      return register('action', options, undefined, (_, url) =>
        descriptorEntry.action(options, { url, conditions }),
      )
    },

    externalPage(options: ExternalPageOptions<string>, handle: PageHandler<PageContext>) {
      registering('external page')
      const what = nameOf('externalPage', options)
      checkOptions<ExternalPageOptions>(what, options, optionsOf.externalPage, ['key'])
      expectFunction(handle, `${what}: expected a handler`)
      const { key, name: title, parameters } = options
      const path = `${paths.page}${key}`
      const module = register('externalPage', options, withParameters(path, parameters), (_, url) =>
        descriptorEntry.externalPage(options, { url }),
      )
      addPage(path, key, { framed: false, title, parameters }, handle)
      return module
    },

    configurable(
      first: ConfigurableOptions | PageHandler<PageContext<Scope, never>>,
      second?: PageHandler<PageContext<Scope, never>>,
    ) {
      registering('configuration page')
      if (typeof first === 'function' && second !== undefined)
        throw new ConfigurationError('configurable: expected the handler last, after its options')
      return typeof first === 'function'
        ? addConfigurable({}, first as PageHandler<PageContext>) // parameters are never read: this page has none
        : addConfigurable(first, second as PageHandler<PageContext>) // as above; that it is a function is checked there
    },

    adminPage(handle) {
      registering('page for administrators')
      expectFunction(handle, 'adminPage: expected a handler')
      if (single.adminPage) throw new ConfigurationError('there are two admin pages; an add-on has one')
      single.adminPage = true
      const group = { rooms: false, anybody: false }
      // A page without parameters never reads them.
      addPage(paths.adminPage, 'adminPage', { framed: true, group }, handle as PageHandler<PageContext>)
      return registered('page for administrators', 'adminPage', paths.adminPage)
    },
  }

  return {
    glances,
    pages,
    glanceKeys: () => [...modules.values()].filter(({ kind }) => kind === 'glance').map(({ key }) => key),
    methods,
    addSettingsPage: addConfigurable,

    capabilities(base) {
      const found: Partial<Record<Kind, object[]>> = {}
      for (const { kind, describe } of modules.values()) {
        found[kind] ??= []
        found[kind].push(describe(base))
      }
      const { configurable, adminPage } = single
      const url = `${base}${paths.configurable}`
      return {
        ...found,
        ...(configurable ? { configurable: { url, authentication: 'jwt', ...configurable } } : {}),
        ...(adminPage ? { adminPage: { url: `${base}${paths.adminPage}` } } : {}),
      }
    },

    checkTargets() {
      for (const { kind, key, target } of modules.values()) {
        if (target === undefined || fits(kind, target)) continue
        const there = [...modules.values()].filter((other) => fits(kind, other.key)).map((other) => other.key)
        throw new ConfigurationError(
          `${kind} ${key}: expected target to be the key of a ${targetsOf[kind]?.join(' or ')}, got ${target}; registered: ${there.join(', ') || 'none'}`,
        )
      }
    },
  }

  function fits(kind: Kind, target: string): boolean {
    const found = modules.get(target)
    return found !== undefined && targetsOf[kind]?.includes(found.kind) === true
  }
}

/** The name of a module in error messages. */
function nameOf(kind: Kind, options: unknown): string {
  const { key } = (options ?? {}) as { key?: unknown } // any value but null and undefined has members
  return typeof key === 'string' ? `${kind} ${key}` : kind
}

const conditionsOf = (what: string, { conditions }: { conditions?: unknown }, place: ConditionPlace) =>
  conditions === undefined ? undefined : readConditions(what, conditions, place)

/** Adds the placeholders that clients fill in to a path. */
function withParameters(path: string, parameters: Readonly<Record<string, string>> | undefined): string {
  const all = Object.entries(parameters ?? {}).map(([name, value]) => `${name}={${value}}`)
  return all.length > 0 ? `${path}?${all.join('&')}` : path
}
