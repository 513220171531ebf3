import type {
  ActionOptions,
  DialogButton,
  DialogOptions,
  ExternalPageOptions,
  GlanceOptions,
  WebPanelOptions,
} from './module-options.ts'

/** The parts of a module's descriptor that are derived from its options and the base address. */
export interface Resolved {
  /** Address of its page or content. */
  readonly url: string | undefined
  readonly icon?: { readonly url: string; readonly 'url@2x': string } | undefined
  readonly conditions?: readonly object[] | undefined
}

/**
 * Converts each kind of module to its form in descriptors: texts become objects, a dialog has an object
 * `options`, and absent members are left out.
 */
export const descriptorEntry = {
  glance: (
    { key, name, target, weight }: GlanceOptions<string>,
    { url: queryUrl, icon, conditions }: Resolved,
  ) => given({ key, name: text(name), icon, queryUrl, target, weight, conditions }),

  webPanel(options: WebPanelOptions<string>, { url, icon, conditions }: Resolved) {
    const { key, name, weight, authentication = 'jwt', location = 'hipchat.sidebar.right' } = options
    return given({ key, name: text(name), location, url, authentication, icon, weight, conditions })
  },

  dialog(all: DialogOptions<string>, { url }: Resolved) {
    const { key, title, authentication = 'jwt' } = all
    const options = dialogOptions(all)
    return given({
      key,
      title: text(title),
      url,
      authentication,
      options: Object.keys(options).length > 0 ? options : undefined,
    })
  },

  action: ({ key, name, location, target, weight }: ActionOptions, { conditions }: Resolved) =>
    given({ key, name: text(name), location, target, weight, conditions }),

  externalPage: ({ key, name }: ExternalPageOptions<string>, { url }: Resolved) =>
    given({ key, url, name: text(name) }),
}

function dialogOptions(options: DialogOptions<string>): object {
  const { style, size, primaryAction, secondaryActions, hint, filter } = options
  return given({
    style,
    size,
    primaryAction: primaryAction === undefined ? undefined : buttonOf(primaryAction),
    secondaryActions: secondaryActions?.map(buttonOf),
    hint: text(hint),
    filter: filterOf(filter),
  })
}

function buttonOf(button: DialogButton): object {
  if (typeof button === 'string') return { name: text(button) }
  const { name, key, enabled } = button
  return given({ name: text(name), key, enabled })
}

function filterOf(filter: boolean | string | undefined): object | undefined {
  if (filter === undefined || filter === false) return undefined
  return filter === true ? {} : { placeholder: text(filter) }
}

const text = (value: string | undefined) => (value === undefined ? undefined : { value })

/** The members that are not `undefined`. */
const given = (members: Record<string, unknown>): object =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
