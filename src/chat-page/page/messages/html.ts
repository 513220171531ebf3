import { type ComponentChildren, h } from 'preact'

/** Allowed elements, each with its allowed attributes. */
export type Allowed = Readonly<Record<string, readonly string[]>>

const none: readonly string[] = []
const plain = (...names: string[]): Allowed => Object.fromEntries(names.map((name) => [name, none]))

/** `data-target` opens a module of the add-on that sent the link. */
const link = ['href', 'title', 'data-target', 'data-target-options']

/** What HipChat's client allowed in the label of a glance. */
export const glanceHtml = plain('b', 'strong', 'em', 'i')

/** Allowed in a card (HipChat's guide "Sending messages"). */
export const cardHtml: Allowed = { ...plain('b', 'i', 'strong', 'span'), a: link }

/** What the server allows in messages: repeated here, so that neither depends on the other. */
export const messageHtml: Allowed = {
  ...plain('b', 'i', 'strong', 'em', 'br', 'pre', 'code', 'ul', 'ol', 'li'),
  ...plain('table', 'thead', 'tbody', 'tfoot', 'tr', 'caption'),
  ...plain('p', 'div', 'span', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'hr', 'dl', 'dt', 'dd'),
  ...plain('u', 's', 'del', 'ins', 'small', 'sub', 'sup', 'tt', 'kbd', 'samp', 'abbr'),
  a: link,
  img: ['src', 'alt', 'title', 'width', 'height'],
  th: ['colspan', 'rowspan'],
  td: ['colspan', 'rowspan'],
}

/** Removed with its contents, which are not text for people. */
const dropped = new Set([
  ...[
    'script',
    'style',
    'template',
    'iframe',
    'object',
    'embed',
    'noscript',
    'noembed',
    'noframes',
    'plaintext',
  ],
  ...['svg', 'math', 'title', 'textarea', 'select', 'option', 'xmp', 'head', 'audio', 'video', 'canvas'],
])

/**
 * Foreign HTML as nodes of the page: what is not allowed is removed, the text of unknown elements stays. It is parsed
 * in a document that runs and loads nothing, and is never inserted into the page as HTML again. Headings become bold
 * paragraphs, so that they do not change the outline of the page.
 */
export function safeHtml(html: string, allowed: Allowed): ComponentChildren[] {
  const parsed = new DOMParser().parseFromString(html, 'text/html')
  return nodesOf(parsed.body, allowed, 0)
}

/** The same as plain text. */
export const textOfHtml = (html: string): string =>
  new DOMParser().parseFromString(html.replace(/<br\s*\/?>|<\/(?:p|div|li|tr|h\d)>/gi, '$&\n'), 'text/html')
    .body.textContent ?? ''

const deepest = 60

function nodesOf(parent: Node, allowed: Allowed, depth: number): ComponentChildren[] {
  if (depth > deepest) return [parent.textContent ?? '']
  return [...parent.childNodes].flatMap((node): ComponentChildren[] => {
    if (node.nodeType === Node.TEXT_NODE) return [node.textContent ?? '']
    if (!(node instanceof Element)) return []
    const name = node.localName
    if (dropped.has(name) || node.namespaceURI !== 'http://www.w3.org/1999/xhtml') return []
    const attributes = Object.hasOwn(allowed, name) ? allowed[name] : undefined
    const children = nodesOf(node, allowed, depth + 1)
    if (!attributes) return children
    const kept = Object.fromEntries(
      attributes.flatMap((attribute) => {
        const value = node.getAttribute(attribute)
        return value !== null && isHarmless(attribute, value) ? [[attribute, value]] : []
      }),
    )
    if (name === 'a') return [h('a', { ...kept, ...(isButton(kept) ? button : elsewhere) }, children)]
    if (name === 'img') return kept['src'] ? [h('img', { alt: '', ...kept, ...picture })] : []
    if (name === 'br' || name === 'hr') return [h(name, {})]
    if (/^h\d$/.test(name)) return [h('p', {}, h('strong', {}, children))]
    return [h(name, kept, children)]
  })
}

/** Foreign links open in a window that cannot reach the page. */
export const elsewhere = { target: '_blank', rel: 'noopener noreferrer nofollow' } as const

/** A link without a URL that opens a module when it is pressed; it works with the keyboard too. */
const button = { role: 'button', tabIndex: 0 } as const

const isButton = (attributes: Readonly<Record<string, unknown>>): boolean =>
  attributes['href'] === undefined && attributes['data-target'] !== undefined

const picture = { loading: 'lazy', referrerpolicy: 'no-referrer' } as const

function isHarmless(attribute: string, value: string): boolean {
  if (attribute === 'href') return isAddress(value, /^(?:https?|mailto|hipchat):$/)
  if (attribute === 'src') return isAddress(value)
  if (/^(?:width|height|colspan|rowspan)$/.test(attribute)) return /^\d{1,4}$/.test(value)
  return true
}

/** An absolute URL with a scheme that runs nothing. */
export function isAddress(text: string | null | undefined, schemes = /^https?:$/): text is string {
  return typeof text === 'string' && URL.canParse(text) && schemes.test(new URL(text).protocol)
}
