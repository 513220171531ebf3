import {
  anyText,
  type Check,
  type Checks,
  elsewhere,
  expecting,
  flag,
  integer,
  listOf,
  objectOf,
  oneOf,
  refusal,
  shown,
  string,
  textOf,
} from '../../common/checks.ts'
import { isRecord } from '../../common/is-record.ts'
import type { Conditions, GlanceCondition, MessageCondition, PlaceCondition } from './conditions.ts'
import type { Icon } from './icons.ts'

/**
 * The view that opens: the key of a dialog, web panel or external page; in an object with `options` to pass
 * options to the view.
 */
export type Target = string | { readonly key: string; readonly options?: Readonly<Record<string, unknown>> }

/**
 * Values that the client adds to the address of the view, by their names in the handler's `parameters`: with
 * `{ mid: 'message.mid' }` the handler gets `parameters.mid`. A message has `message.mid`, `.body`, `.type`,
 * `.sender.id`, `.sender.name`, `.sender.mention`, and the members of its card's `metadata`.
 */
type Parameters<P extends string> = { readonly [Name in P]: string }

interface Keyed {
  /** Key of the module, unique among all modules and webhooks: 1 to 40 letters, digits, `-`, `_` and `.`. */
  readonly key: string
}

interface Parametrised<P extends string> {
  /** Values that the client passes to the handler. Default: none. */
  readonly parameters?: Parameters<P>
}

interface Weighted {
  /** Position among other modules: a lower weight comes first. A whole number. Default 100. */
  readonly weight?: number
}

/** Options of a glance: a line next to the chat, with an icon. */
export interface GlanceOptions<P extends string = never> extends Keyed, Parametrised<P>, Weighted {
  /** Shown while the content is loading, if loading fails, and without a handler: 1 to 100 characters. */
  readonly name: string
  /** Icon of the glance. */
  readonly icon: Icon
  /** The view that a click opens. Default: none. */
  readonly target?: Target
  /** The conditions for showing the glance. Default: it is always shown. */
  readonly conditions?: Conditions<PlaceCondition | GlanceCondition>
}

/** Options of a web panel: a page in the sidebar next to the chat. */
export interface WebPanelOptions<P extends string = never> extends Keyed, Parametrised<P>, Weighted {
  /** Heading of the panel: 1 to 100 characters. */
  readonly name: string
  /** Icon of the panel. Default: none. */
  readonly icon?: Icon
  /** Location of the panel. There is only one, the default. */
  readonly location?: 'hipchat.sidebar.right'
  /** The conditions for showing the panel. Default: it is always shown. */
  readonly conditions?: Conditions<PlaceCondition>
  /** `none`: the page is the same for everyone, since its requests do not identify the user. Default `jwt`. */
  readonly authentication?: 'jwt' | 'none'
}

/** A button of a dialog: its label, or an object with more options. */
export type DialogButton =
  | string
  | {
      /** Label of the button: 1 to 100 characters. */
      readonly name: string
      /**
       * Key that the page receives when it is clicked. Default of the primary button:
       * `primary-action-selected`.
       */
      readonly key?: string
      /** Whether the button can be clicked. Default true. */
      readonly enabled?: boolean
    }

/** Options of a dialog: a page in a window over the chat. */
export interface DialogOptions<P extends string = never> extends Keyed, Parametrised<P> {
  /** Heading of the dialog: 1 to 100 characters. */
  readonly title: string
  /** Look of the dialog. Default `normal`. */
  readonly style?: 'normal' | 'warning'
  /**
   * A named size, or `{ width: '480px', height: '60%' }`, in px or %. Default: the client's, which is
   * `medium`.
   */
  readonly size?:
    | 'small'
    | 'medium'
    | 'large'
    | 'xlarge'
    | { readonly width: string; readonly height: string }
  /** The main button. Default: none. */
  readonly primaryAction?: DialogButton
  /** Buttons after the main one. Default: a link that closes the dialog; an empty list for none. */
  readonly secondaryActions?: readonly DialogButton[]
  /** Text to the left of the buttons: 1 to 100 characters. Default: none. */
  readonly hint?: string
  /**
   * An input field in the heading, whose content the page receives: `true`, or its placeholder text. Default:
   * none.
   */
  readonly filter?: boolean | string
  /** `none`: the page is the same for everyone, since its requests do not identify the user. Default `jwt`. */
  readonly authentication?: 'jwt' | 'none'
}

interface AnyAction extends Keyed, Weighted {
  /** Label in the menu: 1 to 100 characters. */
  readonly name: string
  /** The view that the action opens. The key of a glance stands for the glance's target. */
  readonly target: Target
}

/**
 * Options of an action: an entry in the menu of messages, or of the input field. Conditions on messages are
 * only for the menu of messages.
 */
export type ActionOptions = AnyAction &
  (
    | {
        readonly location: 'hipchat.message.action'
        /** The conditions for showing the action. Default: it is in the menu of every message. */
        readonly conditions?: Conditions<PlaceCondition | MessageCondition>
      }
    | { readonly location: 'hipchat.input.action'; readonly conditions?: Conditions<PlaceCondition> }
  )

/** Options of an external page: a page in a browser window. */
export interface ExternalPageOptions<P extends string = never> extends Keyed, Parametrised<P> {
  /** Name of the page, 1 to 100 characters; the default title of its HTML. Default: none. */
  readonly name?: string
}

/** Options of the configuration page, which is part of the server's administration. */
export interface ConfigurableOptions {
  /**
   * Whether a global installation has a page for each room too, for the room's administrators. Default false.
   */
  readonly allowAccessToRoomAdmins?: boolean
}

const localized = textOf(1, 100)

// Query parameters that the client itself adds to the address.
const reserved = ['signed_request', 'theme', 'connect_client_api_version']

const parameters: Check = (value, option) => {
  const example = "an object such as { mid: 'message.mid' }"
  if (!isRecord(value) || value instanceof RegExp) return refusal(option, example, shown(value))
  for (const [name, path] of Object.entries(value)) {
    if (!/^\w[\w.-]{0,39}$/.test(name)) return refusal(option, example, `the name ${JSON.stringify(name)}`)
    if (reserved.includes(name))
      return refusal(option, example, `the name ${name}, which clients use themselves`)
    if (typeof path !== 'string' || !/^[\w-]+(\.[\w-]+)*$/.test(path))
      return refusal(option, example, `${shown(path)} for ${name}`)
  }
  return undefined
}

/** A value that has a short form; anything else is checked as options. */
const shortOr =
  (short: Check, options: Check): Check =>
  (value, name) =>
    (isRecord(value) ? options : short)(value, name)

// `checkTargets` checks whether it exists, at the end of registration.
const target = shortOr(
  expecting('the key of a module, or { key, options } with one', (value) => typeof value === 'string'),
  objectOf({ key: string, options: expecting('an object', isRecord) }, ['key']),
)

const button = shortOr(localized, objectOf({ name: localized, key: anyText, enabled: flag }, ['name']))

const sizes: readonly unknown[] = ['small', 'medium', 'large', 'xlarge']
const measure = expecting(
  'a number of px or %',
  (value) => typeof value === 'string' && /^\d+(px|%)$/.test(value),
)

const size = shortOr(
  expecting(`one of ${sizes.join(', ')}, or { width, height } in px or %`, (value) => sizes.includes(value)),
  objectOf({ width: measure, height: measure }, ['width', 'height']),
)

const keyed = { key: elsewhere, parameters }
const weighted = { weight: integer, conditions: elsewhere }
const authentication = oneOf('jwt', 'none')

/** The options of each kind of module. Keys, icons and conditions are checked elsewhere. */
export const optionsOf = {
  glance: { ...keyed, name: localized, icon: elsewhere, target, ...weighted } satisfies Checks<GlanceOptions>,
  webPanel: {
    ...keyed,
    name: localized,
    icon: elsewhere,
    location: oneOf('hipchat.sidebar.right'),
    ...weighted,
    authentication,
  } satisfies Checks<WebPanelOptions>,
  dialog: {
    ...keyed,
    title: localized,
    style: oneOf('normal', 'warning'),
    size,
    primaryAction: button,
    secondaryActions: listOf('buttons', button),
    hint: localized,
    filter: (value, name) => (typeof value === 'boolean' ? undefined : localized(value, name)),
    authentication,
  } satisfies Checks<DialogOptions>,
  action: {
    key: elsewhere,
    name: localized,
    location: oneOf('hipchat.message.action', 'hipchat.input.action'),
    target,
    ...weighted,
  } satisfies Checks<ActionOptions>,
  externalPage: { ...keyed, name: localized } satisfies Checks<ExternalPageOptions>,
  configurable: { allowAccessToRoomAdmins: flag } satisfies Checks<ConfigurableOptions>,
}
