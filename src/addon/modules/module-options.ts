import { typeName } from '../../common/validate.ts'
import {
  anyText,
  type Check,
  type Checks,
  elsewhere,
  flag,
  integer,
  isRecord,
  oneOf,
  textOf,
} from '../../option-checks.ts'
import type { Conditions, GlanceCondition, MessageCondition, PlaceCondition } from './conditions.ts'
import type { Icon } from './icons.ts'

/** What opens: the key of a dialog, web panel or external page, with what the opened view is told. */
export type Target = string | { readonly key: string; readonly options?: Readonly<Record<string, unknown>> }

/**
 * Values that the client puts into the address of what it opens, by the names the handler has them under:
 * `{ mid: 'message.mid' }` gives it `parameters.mid`. Of a message there are `message.mid`, `.body`, `.type`,
 * `.sender.id`, `.sender.name`, `.sender.mention`, and members of its card's `metadata`.
 */
type Parameters<P extends string> = { readonly [Name in P]: string }

interface Keyed {
  /** Names the module, among all modules and webhooks: 1 to 40 letters, digits, `-`, `_` and `.`. */
  readonly key: string
}

interface Parametrised<P extends string> {
  readonly parameters?: Parameters<P>
}

interface Weighted {
  /** Those with less are further up. Default 100. */
  readonly weight?: number
}

/** A line beside the chat, with an icon. */
export interface GlanceOptions<P extends string = never> extends Keyed, Parametrised<P>, Weighted {
  /** Shown while it is loaded, where that fails, and without a handler: 1 to 100 characters. */
  readonly name: string
  readonly icon: Icon
  /** What a click opens. Default: nothing. */
  readonly target?: Target
  /** Default: it is always shown. */
  readonly conditions?: Conditions<PlaceCondition | GlanceCondition>
}

/** A page in the bar beside the chat. */
export interface WebPanelOptions<P extends string = never> extends Keyed, Parametrised<P>, Weighted {
  /** Its heading: 1 to 100 characters. */
  readonly name: string
  readonly icon?: Icon
  /** Where it is. There is one place, which is the default. */
  readonly location?: 'hipchat.sidebar.right'
  /** Default: it is always shown. */
  readonly conditions?: Conditions<PlaceCondition>
  /** `none`: the same page for everybody, who is told apart by nothing. Default `jwt`. */
  readonly authentication?: 'jwt' | 'none'
}

/** A button of a dialog: its text, or more. */
export type DialogButton =
  | string
  | {
      /** What is on it: 1 to 100 characters. */
      readonly name: string
      /** What the page is told of a click. Default of the primary one: `primary-action-selected`. */
      readonly key?: string
      /** Default true. */
      readonly enabled?: boolean
    }

/** A page in a window over the chat. */
export interface DialogOptions<P extends string = never> extends Keyed, Parametrised<P> {
  /** Its heading: 1 to 100 characters. */
  readonly title: string
  /** Default `normal`. */
  readonly style?: 'normal' | 'warning'
  /** A size by its name, or `{ width: '480px', height: '60%' }`. Default: the client's, which is `medium`. */
  readonly size?:
    | 'small'
    | 'medium'
    | 'large'
    | 'xlarge'
    | { readonly width: string; readonly height: string }
  readonly primaryAction?: DialogButton
  /** Default: a link that closes it; an empty list for none. */
  readonly secondaryActions?: readonly DialogButton[]
  /** A text at the left of the buttons: 1 to 100 characters. */
  readonly hint?: string
  /** A field in the heading whose content the page is told: `true`, or what stands in it while it is empty. */
  readonly filter?: boolean | string
  /** `none`: the same page for everybody, who is told apart by nothing. Default `jwt`. */
  readonly authentication?: 'jwt' | 'none'
}

interface AnyAction extends Keyed, Weighted {
  /** Its line in the menu: 1 to 100 characters. */
  readonly name: string
  /** What choosing it opens. A glance stands for what that opens. */
  readonly target: Target
}

/** An entry in the menu of messages, or of the field one writes in. Conditions about messages are for the former only. */
export type ActionOptions = AnyAction &
  (
    | {
        readonly location: 'hipchat.message.action'
        /** Default: it is in the menu of all messages. */
        readonly conditions?: Conditions<PlaceCondition | MessageCondition>
      }
    | { readonly location: 'hipchat.input.action'; readonly conditions?: Conditions<PlaceCondition> }
  )

/** A page in a window of the browser. */
export interface ExternalPageOptions<P extends string = never> extends Keyed, Parametrised<P> {
  readonly name?: string
}

/** The page on which the add-on is configured, within the server's administration. */
export interface ConfigurableOptions {
  /** Of a global installation there is a page for each room too, for its administrators. Default false. */
  readonly allowAccessToRoomAdmins?: boolean
}

const localized = textOf(1, 100)

// The client adds these to the address itself.
const reserved = ['signed_request', 'theme', 'connect_client_api_version']

const parameters: Check = (value) => {
  const example = "an object such as { mid: 'message.mid' }"
  if (!isRecord(value)) return `${example}, came ${typeName(value)}`
  for (const [name, path] of Object.entries(value)) {
    if (!/^\w[\w.-]{0,39}$/.test(name)) return `${example}, came the name ${JSON.stringify(name)}`
    if (reserved.includes(name)) return `${example}; the name ${name} is used by clients`
    if (typeof path !== 'string' || !/^[\w-]+(\.[\w-]+)*$/.test(path))
      return `${example}, came ${typeof path === 'string' ? JSON.stringify(path) : typeName(path)} for ${name}`
  }
  return undefined
}

const target: Check = (value) => {
  if (typeof value === 'string') return undefined // whether there is one shows when registration ends
  const known = isRecord(value) && Object.keys(value).every((name) => name === 'key' || name === 'options')
  const options = isRecord(value) ? value['options'] : undefined
  if (known && typeof value['key'] === 'string' && (options === undefined || isRecord(options)))
    return undefined
  return `the key of a module, or { key, options } with one; came ${typeName(value)}`
}

const button: Check = (value) => {
  if (!isRecord(value)) return localized(value)
  const { name, key, enabled, ...others } = value
  const [surplus] = Object.keys(others)
  if (surplus) return `a button of name, key and enabled; came ${surplus}`
  if (localized(name)) return `a button whose name is ${localized(name)}`
  if (key !== undefined && anyText(key)) return `a button whose key is ${anyText(key)}`
  if (enabled !== undefined && flag(enabled)) return `a button whose enabled is ${flag(enabled)}`
  return undefined
}

const size: Check = (value) => {
  const names = ['small', 'medium', 'large', 'xlarge']
  if (typeof value === 'string' && names.includes(value)) return undefined
  const length = (given: unknown): boolean => typeof given === 'string' && /^\d+(px|%)$/.test(given)
  const members = isRecord(value) ? Object.keys(value).toSorted().join() : ''
  if (isRecord(value) && members === 'height,width' && length(value['width']) && length(value['height']))
    return undefined
  return `one of ${names.join(', ')}, or { width, height } in px or %; came ${JSON.stringify(value)}`
}

const keyed = { key: elsewhere, parameters }
const shown = { weight: integer, conditions: elsewhere }
const authentication = oneOf('jwt', 'none')

/** What may be said of each kind of module. Keys, icons and conditions are looked at where they are read. */
export const optionsOf = {
  glance: { ...keyed, name: localized, icon: elsewhere, target, ...shown } satisfies Checks<GlanceOptions>,
  webPanel: {
    ...keyed,
    name: localized,
    icon: elsewhere,
    location: oneOf('hipchat.sidebar.right'),
    ...shown,
    authentication,
  } satisfies Checks<WebPanelOptions>,
  dialog: {
    ...keyed,
    title: localized,
    style: oneOf('normal', 'warning'),
    size,
    primaryAction: button,
    secondaryActions: (value) =>
      Array.isArray(value)
        ? value.map(button).find((wrong) => wrong !== undefined)
        : `a list of buttons, came ${typeName(value)}`,
    hint: localized,
    filter: (value) => (typeof value === 'boolean' ? undefined : localized(value)),
    authentication,
  } satisfies Checks<DialogOptions>,
  action: {
    key: elsewhere,
    name: localized,
    location: oneOf('hipchat.message.action', 'hipchat.input.action'),
    target,
    ...shown,
  } satisfies Checks<ActionOptions>,
  externalPage: { ...keyed, name: localized } satisfies Checks<ExternalPageOptions>,
  configurable: { allowAccessToRoomAdmins: flag } satisfies Checks<ConfigurableOptions>,
}
