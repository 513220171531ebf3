import { type Card, card as schema } from '../api/card.ts'
import { unknownName } from '../common/checks.ts'
import { escapeHtml, Html } from '../common/html.ts'
import { typeName, validate } from '../common/validate.ts'
import { ConfigurationError } from '../errors.ts'
import { refuse } from '../option-checks.ts'

/** The address of a picture, or two for screens with twice the resolution. */
export type CardImage = string | { readonly url: string; readonly 'url@2x'?: string }

/** One property of what a card shows, such as its state or its owner. */
export interface CardAttribute {
  /** The name of the property, 1 to 50 characters. */
  readonly label?: string
  /** Its value, 1 to 1,000 characters. */
  readonly value: string
  /** Shows the value as a lozenge in the colour of this meaning. Default: no lozenge. */
  readonly lozenge?: 'default' | 'success' | 'error' | 'current' | 'complete' | 'moved'
  /** Opened by a click on the value. */
  readonly url?: string
  /** A small picture next to the value. */
  readonly icon?: CardImage
}

/** The options of cards of every style. */
export interface CardOptions {
  /** Identifies the card in its room: when it is sent again, clients replace the earlier one. */
  readonly id: string
  /** 1 to 500 characters. */
  readonly title: string
  /** Opened by a click on the title. */
  readonly url?: string
  /** A string of 1 to 500 characters, or {@link Html} of up to 1,000 with the tags a, b, i, strong and span. */
  readonly description?: string | Html
  /** A small picture next to the title. */
  readonly icon?: CardImage
  /** A larger picture. Addresses have at most 250 characters; width and height are those of the original, in pixels. */
  readonly thumbnail?:
    | string
    | {
        readonly url: string
        readonly 'url@2x'?: string
        readonly width?: number
        readonly height?: number
      }
  /** One line about what happened. Clients then show the rest of the card after a click. */
  readonly activity?: string | Html | { readonly html: Html; readonly icon?: CardImage }
  /** At most 10 properties. */
  readonly attributes?: readonly CardAttribute[]
  /** Not shown. Conditions of message actions check it (`card_matches`), and the actions receive it. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** Options of a card about an object of an application: an issue, a build, a deployment. */
export interface ApplicationCardOptions extends CardOptions {
  /** `compact` shows one or two lines of the description, `medium` up to five. Default `compact`. */
  readonly format?: 'compact' | 'medium'
}

/** Options of a link card. HipChat's client did not show one without a description. */
export interface LinkCardOptions extends CardOptions {
  /** Address of the page, opened by a click on the title. */
  readonly url: string
  /** What the page is about, within the limits of every card. */
  readonly description: string | Html
}

/** Options of an image card. HipChat's client did not show one without an address. */
export interface ImageCardOptions extends CardOptions {
  /** Address of the picture, opened by a click on the title. */
  readonly url: string
}

/**
 * Creates cards, HipChat's rich messages, for `room.sendCard`, with one function for each style. For options that servers
 * refuse or clients do not show, it throws a {@link ConfigurationError} that names the member.
 *
 * @example
 * await room.sendCard(
 *   card.application({
 *     id: 'deploy-88',
 *     title: 'api 4.2',
 *     url: 'https://deploys.example.com/88',
 *     attributes: [{ label: 'State', value: 'waiting', lozenge: 'current' }],
 *   }),
 *   'Ines asks to deploy api 4.2: https://deploys.example.com/88',
 * )
 */
export const card = {
  /** An object of an application: an issue, a build, a deployment. */
  application: (options: ApplicationCardOptions): Card => build('application', options),
  /** A file. */
  file: (options: CardOptions): Card => build('file', options),
  /** A picture at `url`. */
  image: (options: ImageCardOptions): Card => build('image', options),
  /** A link to `url`. */
  link: (options: LinkCardOptions): Card => build('link', options),
  /** A video or a recording: a click on its thumbnail opens `url`. */
  media: (options: CardOptions): Card => build('media', options),
} as const

const optionNames = [
  'id',
  'title',
  'url',
  'description',
  'icon',
  'thumbnail',
  'activity',
  'attributes',
  'metadata',
  'format',
] satisfies (keyof ApplicationCardOptions)[]

const attributeNames = ['label', 'value', 'lozenge', 'url', 'icon'] satisfies (keyof CardAttribute)[]

function build(style: Card['style'], options: ApplicationCardOptions): Card {
  const what = `card.${style}`
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError(`${what}: expected an object with id and title, got ${typeName(options)}`)
  const known = style === 'application' ? optionNames : optionNames.filter((name) => name !== 'format')
  refuse(what, unknownName('member', Object.keys(options), known))
  const { description, thumbnail, activity, attributes, ...same } = options
  if (attributes !== undefined && !Array.isArray(attributes))
    throw new ConfigurationError(`${what}: attributes must be an array, got ${typeName(attributes)}`)
  return checkCard(
    {
      style,
      ...same,
      ...(description === undefined ? {} : { description: descriptionOf(description) }),
      ...(thumbnail === undefined
        ? {}
        : { thumbnail: typeof thumbnail === 'string' ? { url: thumbnail } : { ...thumbnail } }),
      ...(activity === undefined ? {} : { activity: activityOf(activity) }),
      // HipChat's schema requires at least one.
      ...(attributes?.length ? { attributes: attributes.map((one, at) => attributeOf(what, one, at)) } : {}),
    },
    what,
  )
}

const descriptionOf = (description: string | Html): Card['description'] =>
  description instanceof Html ? { value: description.toString(), format: 'html' } : description

function activityOf(activity: NonNullable<CardOptions['activity']>): unknown {
  if (typeof activity === 'string') return { html: escapeHtml(activity) }
  if (activity instanceof Html) return { html: activity.toString() }
  // A string would be treated as HTML; plain text is passed as the whole activity.
  if (!(activity.html instanceof Html))
    throw new ConfigurationError('card: activity.html must be html`…`; pass a string as activity itself')
  return { ...activity, html: activity.html.toString() }
}

function attributeOf(what: string, attribute: CardAttribute, index: number): unknown {
  const name = `${what}: attributes.${index}`
  if (typeof attribute !== 'object' || attribute === null)
    throw new ConfigurationError(`${name} must be an object with a value, got ${typeName(attribute)}`)
  refuse(name, unknownName('member', Object.keys(attribute), attributeNames))
  const { label, value, lozenge, ...rest } = attribute
  if (lozenge !== undefined && !Object.hasOwn(lozenges, lozenge))
    throw new ConfigurationError(
      `${name}.lozenge must be one of ${Object.keys(lozenges).join(', ')}, got ${String(lozenge)}`,
    )
  return {
    ...(label === undefined ? {} : { label }),
    value: { label: value, ...(lozenge === undefined ? {} : { style: lozenges[lozenge] }), ...rest },
  }
}

const lozenges = {
  default: 'lozenge',
  success: 'lozenge-success',
  error: 'lozenge-error',
  current: 'lozenge-current',
  complete: 'lozenge-complete',
  moved: 'lozenge-moved',
} as const satisfies Readonly<Record<NonNullable<CardAttribute['lozenge']>, string>>

const members = Object.keys(schema['properties'] as object) // `object` puts the members there

/**
 * Checks a card that {@link card} created or that is in HipChat's own form: first the members and limits of HipChat's
 * schema, then what its client did not show (`ui-modules.md` 9.2).
 *
 * @throws {ConfigurationError}
 */
export function checkCard(candidate: unknown, what = 'card'): Card {
  if (typeof candidate !== 'object' || candidate === null)
    throw new ConfigurationError(
      `${what}: expected a card such as card.application({ id, title }), got ${typeName(candidate)}`,
    )
  refuse(what, unknownName('member', Object.keys(candidate), members))
  const checked = validate(schema, candidate)
  if (!checked.ok) throw new ConfigurationError(`${what}: ${checked.problem.message}; nothing was sent`)
  const found = checked.value
  const undrawn = undrawnFor(found)
  if (undrawn !== undefined)
    throw new ConfigurationError(`${what}: ${undrawn}; without it clients show the message instead`)
  for (const [member, markup] of Object.entries(markupIn(found))) {
    const tag = [...markup.matchAll(/<\s*\/?\s*([a-z][\w-]*)/gi)].find(([, name = '']) => !drawn.test(name))
    if (tag)
      throw new ConfigurationError(
        `${what}: ${member} contains <${tag[1]}>; cards show a, b, i, strong and span, and drop all other tags`,
      )
  }
  return found
}

const drawn = /^(?:a|b|i|strong|span)$/i

function undrawnFor({ style, url, description }: Card): string | undefined {
  if (style === 'link' && !description) return 'a card of the style link needs a description'
  if (style === 'image' && !url) return 'a card of the style image needs a url'
  return undefined
}

const markupIn = ({ description, activity }: Card): Readonly<Record<string, string>> => ({
  ...(typeof description === 'object' && description.format === 'html'
    ? { 'description.value': description.value }
    : {}),
  ...(activity ? { 'activity.html': activity.html } : {}),
})
