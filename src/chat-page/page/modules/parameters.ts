import type { Message } from '../../../api/objects.ts'
import { linksIn } from '../../../common/links.ts'
import { cardOf } from '../messages/card.ts'

/** What add-ons receive about a message: with an action, and in the placeholders of URLs (`ui-modules.md` 4). */
export interface MessageParameters {
  readonly body: string
  readonly sender: { readonly id?: number; readonly name?: string; readonly mention?: string }
  readonly mid: string
  readonly type: Message['type']
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly card?: { readonly title: string; readonly description?: string; readonly url?: string }
  readonly media?: {
    readonly type: 'image' | 'file' | 'link'
    readonly name?: string
    readonly size?: number
    readonly url?: string
    readonly thumb_url?: string
  }
}

/** The description of a message that an add-on receives: in the addresses of its pages, and with `message-received`. */
export function parametersOf(message: Message): MessageParameters {
  const { id: mid, type, message: body = '' } = message
  const card = cardOf(message)
  const metadata = metadataOf(message, card?.metadata)
  const media = mediaOf(message)
  return {
    body,
    sender: senderOf(message),
    mid,
    type,
    ...(metadata ? { metadata } : {}),
    ...(card ? { card: shownCard(card) } : {}),
    ...(media ? { media } : {}),
  }
}

/** The installation that sent a message, by its OAuth id. */
export function senderInstallation({ notification_sender: sender }: Message): string | undefined {
  return sender?.['type'] === 'addon' && typeof sender['client_id'] === 'string'
    ? sender['client_id']
    : undefined
}

function senderOf({ from }: Message): MessageParameters['sender'] {
  if (from === null) return {}
  if (typeof from === 'string') return { name: from }
  if (!('id' in from)) return { name: from.name }
  const { id, name, mention_name: mention } = from
  return { id, name, ...(mention === undefined ? {} : { mention }) }
}

/** With the key of the add-on that sent it, so that an add-on can recognize its own, whatever the card itself says. */
function metadataOf({ notification_sender: sender }: Message, own: unknown) {
  const given = typeof own === 'object' && own !== null ? { ...own } : undefined
  if (sender?.['type'] !== 'addon') return given
  return { ...given, sender_addon_key: sender['id'] }
}

function shownCard({ title, description, url }: NonNullable<ReturnType<typeof cardOf>>) {
  const text = typeof description === 'object' ? description.value : description
  return {
    title,
    ...(text === undefined ? {} : { description: text }),
    ...(url === undefined ? {} : { url }),
  }
}

function mediaOf({ file, message = '', message_format }: Message): MessageParameters['media'] {
  if (!file) {
    // As it is displayed, whatever format the message has.
    const url = message_format === 'html' ? linkInHtml(message) : linksIn(message)[0]?.url
    return url === undefined ? undefined : { type: 'link', url }
  }
  const { name, size, url, thumb_url } = file
  return {
    type: thumb_url ? 'image' : 'file',
    name,
    ...(size === undefined ? {} : { size }),
    ...(url === undefined ? {} : { url }),
    ...(thumb_url ? { thumb_url } : {}),
  }
}

/** The first link in HTML that the server allowed: there attributes are in double quotes, with their characters escaped. */
function linkInHtml(html: string): string | undefined {
  for (const [, address = ''] of html.matchAll(/<a\b[^<>]*\shref="([^"<>]*)"/gi)) {
    const url = address.replace(/&(?:amp|quot|lt|gt|#39);/g, (entity) => entities[entity] ?? entity)
    if (/^https?:/i.test(url) && URL.canParse(url)) return url
  }
  return linksIn(html)[0]?.url
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&quot;': '"',
  '&lt;': '<',
  '&gt;': '>',
  '&#39;': "'",
}
