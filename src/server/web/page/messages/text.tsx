import type { ComponentChildren } from 'preact'
import { emoticons } from '../store.ts'
import { elsewhere, isAddress } from './html.ts'
import { isMe, mentionedBy } from './mentions.ts'

/** Addresses, mentions and emoticons. A closing bracket or a full stop behind an address belongs to the sentence. */
const pieces =
  /(?<address>\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}])|(?<![\p{L}\p{N}_])@(?<mention>[\p{L}\p{N}_.-]+)|\((?<emoticon>[\p{L}\p{N}_-]{1,50})\)/gu

/** What somebody wrote, with its addresses as links, its mentions marked, and its emoticons drawn. */
export function Text({ text }: { text: string }) {
  const [, command, rest] = /^\/(me|code|quote)\s([\s\S]+)$/.exec(text) ?? []
  if (command === 'code') return <pre class="message-code">{rest}</pre>
  if (command === 'quote') return <blockquote>{drawn(rest ?? '')}</blockquote>
  if (command === 'me') return <em class="message-me">{drawn(rest ?? '')}</em>
  return <>{drawn(text)}</>
}

function drawn(text: string): ComponentChildren[] {
  const found: ComponentChildren[] = []
  let at = 0
  for (const match of text.matchAll(pieces)) {
    const { address, mention, emoticon } = match.groups ?? {}
    const piece =
      (address !== undefined && link(address)) ||
      (mention !== undefined && mentioned(mention)) ||
      (emoticon !== undefined && smiling(emoticon))
    if (!piece) continue
    found.push(text.slice(at, match.index), piece)
    at = match.index + match[0].length
  }
  found.push(text.slice(at))
  return found
}

const link = (address: string) =>
  isAddress(address) && (
    <a href={address} {...elsewhere}>
      {address}
    </a>
  )

function mentioned(text: string) {
  const name = mentionedBy(text)
  if (name === undefined) return undefined
  return (
    <>
      <span class={isMe(name) ? 'mention mention-mine' : 'mention'}>@{name}</span>
      {text.slice(name.length)}
    </>
  )
}

function smiling(shortcut: string) {
  const found = emoticons.value.find((one) => one.shortcut === shortcut)
  if (!found || !/^(?:https?:|data:image\/)/i.test(found.url)) return undefined
  const { url, width = 25, height = 25 } = found
  const name = `(${shortcut})`
  return <img class="emoticon" src={url} alt={name} title={name} width={width} height={height} />
}
