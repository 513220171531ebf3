import { type Card, card as schema } from '../api/card.ts'
import { escapeHtml, Html } from '../common/html.ts'
import { typeName, validate } from '../common/validate.ts'
import { ConfigurationError } from '../errors.ts'

/** A picture in one size, or in two for screens of twice as many points. */
export type CardImage = string | { readonly url: string; readonly 'url@2x'?: string }

/** One thing about what a card is of: its state, its owner. */
export interface CardAttribute {
  /** What it is, 1 to 50 characters. */
  readonly label?: string
  readonly value: string
  /** Draws the value as a lozenge in the colour of its meaning. */
  readonly lozenge?: 'default' | 'success' | 'error' | 'current' | 'complete' | 'moved'
  /** Opened by a click on the value. */
  readonly url?: string
  readonly icon?: CardImage
}

/** What a card is made from, whatever its style. */
export interface CardOptions {
  /** Names the card in its room: when it is sent again, clients show the later one in the place of the earlier. */
  readonly id: string
  /** 1 to 500 characters. */
  readonly title: string
  /** Opened by a click on the title. */
  readonly url?: string
  /** A text, or {@link Html} of a, b, i, strong and span. 1 to 500 characters as a text, 1,000 as HTML. */
  readonly description?: string | Html
  /** A small picture beside the title. */
  readonly icon?: CardImage
  /** A larger picture. Addresses of at most 250 characters; width and height of the original, in pixels. */
  readonly thumbnail?:
    | string
    | {
        readonly url: string
        readonly 'url@2x'?: string
        readonly width?: number
        readonly height?: number
      }
  /** One line that says what happened; the card then unfolds on a click. */
  readonly activity?: string | Html | { readonly html: Html; readonly icon?: CardImage }
  /** At most 10. */
  readonly attributes?: readonly CardAttribute[]
  /** Not shown: conditions of message actions look at it (`card_matches`), and the actions get it. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** Everything about something in an application: an issue, a build, a deployment. */
export interface ApplicationCardOptions extends CardOptions {
  /** `compact`: the description has one line or two; `medium`: up to five. Default compact. */
  readonly format?: 'compact' | 'medium'
}

/** A link. HipChat's client did not draw one without a description. */
export interface LinkCardOptions extends CardOptions {
  readonly url: string
  readonly description: string | Html
}

/** A picture. HipChat's client did not draw one without an address. */
export interface ImageCardOptions extends CardOptions {
  readonly url: string
}

/**
 * Makes cards, HipChat's rich messages, of each style, for `room.sendCard`. Refuses with a {@link ConfigurationError},
 * by the name of the member, what servers refuse and what clients do not draw.
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
  application: (options: ApplicationCardOptions): Card => build('application', options),
  file: (options: CardOptions): Card => build('file', options),
  image: (options: ImageCardOptions): Card => build('image', options),
  link: (options: LinkCardOptions): Card => build('link', options),
  /** A video or a recording: its thumbnail leads to `url`. */
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
    throw new ConfigurationError(`${what}: expected an object with id and title, came ${typeName(options)}`)
  closed(
    what,
    options,
    style === 'application' ? optionNames : optionNames.filter((name) => name !== 'format'),
  )
  const { description, thumbnail, activity, attributes, ...same } = options
  if (attributes !== undefined && !Array.isArray(attributes))
    throw new ConfigurationError(`${what}: attributes must be a list, came ${typeName(attributes)}`)
  return checkCard(
    {
      style,
      ...same,
      ...(description === undefined ? {} : { description: descriptionOf(description) }),
      ...(thumbnail === undefined
        ? {}
        : { thumbnail: typeof thumbnail === 'string' ? { url: thumbnail } : { ...thumbnail } }),
      ...(activity === undefined ? {} : { activity: activityOf(activity) }),
      // HipChat's schema wants at least one.
      ...(attributes?.length ? { attributes: attributes.map((one, at) => attributeOf(what, one, at)) } : {}),
    },
    what,
  )
}

function closed(what: string, given: object, names: readonly string[]): void {
  const surplus = Object.keys(given).find((name) => !names.includes(name))
  if (surplus !== undefined)
    throw new ConfigurationError(`${what}: ${surplus} is not a member of it; known are ${names.join(', ')}`)
}

const descriptionOf = (description: string | Html): Card['description'] =>
  description instanceof Html ? { value: description.toString(), format: 'html' } : description

function activityOf(activity: NonNullable<CardOptions['activity']>): unknown {
  if (typeof activity === 'string') return { html: escapeHtml(activity) }
  if (activity instanceof Html) return { html: activity.toString() }
  // A text would be taken as HTML: whoever means one passes it as the whole activity.
  if (!(activity.html instanceof Html))
    throw new ConfigurationError('card: activity.html must be html`…`; give a text as activity itself')
  return { ...activity, html: activity.html.toString() }
}

function attributeOf(what: string, attribute: CardAttribute, index: number): unknown {
  const name = `${what}: attributes.${index}`
  if (typeof attribute !== 'object' || attribute === null)
    throw new ConfigurationError(`${name} must be an object with a value, came ${typeName(attribute)}`)
  closed(name, attribute, attributeNames)
  const { label, value, lozenge, ...rest } = attribute
  if (lozenge !== undefined && !Object.hasOwn(lozenges, lozenge))
    throw new ConfigurationError(
      `${name}.lozenge must be one of ${Object.keys(lozenges).join(', ')}, came ${String(lozenge)}`,
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
 * Checks a card, built by {@link card} or written as it goes over the wire: the members and limits of HipChat's schema,
 * then what its client did not draw (`ui-modules.md` 9.2) and so would never be seen.
 */
export function checkCard(candidate: unknown, what = 'card'): Card {
  if (typeof candidate !== 'object' || candidate === null)
    throw new ConfigurationError(
      `${what}: expected a card such as card.application({ id, title }), came ${typeName(candidate)}`,
    )
  closed(what, candidate, members)
  const checked = validate(schema, candidate)
  if (!checked.ok) throw new ConfigurationError(`${what}: ${checked.problem.message}; nothing was sent`)
  const found = checked.value
  const undrawn = undrawnFor(found)
  if (undrawn !== undefined)
    throw new ConfigurationError(`${what}: ${undrawn}, or clients show the message in its place`)
  for (const [member, markup] of Object.entries(markupIn(found))) {
    const tag = [...markup.matchAll(/<\s*\/?\s*([a-z][\w-]*)/gi)].find(([, name = '']) => !drawn.test(name))
    if (tag)
      throw new ConfigurationError(
        `${what}: ${member} holds <${tag[1]}>; cards show a, b, i, strong and span, and drop everything else`,
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
