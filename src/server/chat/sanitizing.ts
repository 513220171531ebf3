import { createRequire } from 'node:module'
import type { Attributes, IOptions } from 'sanitize-html'
import type { Card } from '../../api/card.ts'
import type { GlanceContent } from '../../api/glance.ts'

/** An address that leads somewhere by itself: others would lead into whatever shows the message. */
const whole = (attribute: 'href' | 'src', schemes: RegExp) => (tagName: string, attributes: Attributes) => {
  const { [attribute]: address = '', ...others } = attributes
  return { tagName, attribs: schemes.test(address) ? attributes : others }
}

/** How many elements may stand inside each other. Tables within lists within tables take a dozen. */
export const deepestMarkup = 32

/**
 * The markup that HipChat's documentation allows in messages: a, b, i, strong, em, br, img, pre, code, lists and tables;
 * and what add-ons were seen to send besides (headings, paragraphs), or is as harmless. Everything else is taken out, scripts
 * and styles with what is in them; texts of other elements stay.
 */
const allowed: IOptions = {
  allowedTags: [
    ...['a', 'b', 'i', 'strong', 'em', 'br', 'img', 'pre', 'code', 'ul', 'ol', 'li'],
    ...['table', 'thead', 'tbody', 'tfoot', 'tr', 'th', 'td', 'caption'],
    ...['p', 'div', 'span', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'hr', 'dl', 'dt', 'dd'],
    ...['u', 's', 'del', 'ins', 'small', 'sub', 'sup', 'tt', 'kbd', 'samp', 'abbr'],
  ],
  allowedAttributes: {
    // `data-target` opens a module of the add-on that sent the message.
    a: ['href', 'title', 'data-target', 'data-target-options'],
    img: ['src', 'alt', 'title', 'width', 'height'],
    th: ['colspan', 'rowspan'],
    td: ['colspan', 'rowspan'],
  },
  allowedSchemes: ['http', 'https', 'mailto', 'hipchat'], // the last leads to a room, and into an add-on's module there
  transformTags: { a: whole('href', /^(?:https?|mailto|hipchat):/i), img: whole('src', /^https?:/i) },
  disallowedTagsMode: 'discard',
  // Elements further inside are taken out, and their text stays: what draws them costs with their depth.
  nestingLimit: deepestMarkup,
}

let sanitizer: typeof import('sanitize-html') | undefined

/** HTML of somebody else, without what could do anything but show something. */
export function sanitizeHtml(html: string): string {
  // Most of it is a text, or a text with entities.
  if (!html.includes('<')) return html
  const require = createRequire(import.meta.url) // with its parsers: only when somebody sends markup
  sanitizer ??= require('sanitize-html') as typeof import('sanitize-html')
  return sanitizer(html, allowed)
}

/** A card of which the parts that are HTML are sanitised. */
export function sanitizeCard(card: Card): Card {
  const { description, activity } = card
  return {
    ...card,
    ...(typeof description === 'object' && description.format === 'html'
      ? { description: { ...description, value: sanitizeHtml(description.value) } }
      : {}),
    ...(activity ? { activity: { ...activity, html: sanitizeHtml(activity.html) } } : {}),
  }
}

/** A glance's content of which the label, which is HTML, is sanitised. */
export const sanitizeGlance = (content: GlanceContent): GlanceContent => ({
  ...content,
  label: { ...content.label, value: sanitizeHtml(content.label.value) },
})
