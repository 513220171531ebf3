import { createRequire } from 'node:module'
import type { Attributes, IOptions } from 'sanitize-html'
import type { Card } from '../../api/card.ts'
import type { GlanceContent } from '../../api/glance.ts'

/** Keeps absolute addresses only: relative ones would depend on where the message is shown. */
const whole = (attribute: 'href' | 'src', schemes: RegExp) => (tagName: string, attributes: Attributes) => {
  const { [attribute]: address = '', ...others } = attributes
  return { tagName, attribs: schemes.test(address) ? attributes : others }
}

/** Deepest nesting of elements. Tables within lists within tables take a dozen. */
export const deepestMarkup = 32

/**
 * The markup that HipChat's documentation allows in messages (a, b, i, strong, em, br, img, pre, code, lists and
 * tables) and what add-ons were seen to send in addition (headings, paragraphs), or is as harmless. Everything else
 * is removed, scripts and styles with their content; the text of other elements stays.
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
  allowedSchemes: ['http', 'https', 'mailto', 'hipchat'], // the last one leads to a room, and to an add-on's module there
  transformTags: { a: whole('href', /^(?:https?|mailto|hipchat):/i), img: whole('src', /^https?:/i) },
  disallowedTagsMode: 'discard',
  // Deeper elements are removed and their text stays: drawing gets more expensive with depth.
  nestingLimit: deepestMarkup,
}

let sanitizer: typeof import('sanitize-html') | undefined

/** Removes from foreign HTML everything that could do more than display something. */
export function sanitizeHtml(html: string): string {
  // Most messages are plain text, or text with entities.
  if (!html.includes('<')) return html
  const require = createRequire(import.meta.url) // loaded with its parsers only once markup is sent
  sanitizer ??= require('sanitize-html') as typeof import('sanitize-html')
  return sanitizer(html, allowed)
}

/** A card whose HTML parts are sanitized. */
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

/** The content of a glance whose label, which is HTML, is sanitized. */
export const sanitizeGlance = (content: GlanceContent): GlanceContent => ({
  ...content,
  label: { ...content.label, value: sanitizeHtml(content.label.value) },
})
