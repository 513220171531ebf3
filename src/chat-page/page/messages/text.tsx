import type { ComponentChildren } from 'preact'
import { linksIn } from '../../../common/links.ts'
import { emoticons } from '../store.ts'
import { elsewhere } from './html.ts'
import { isMe, type Mentioned, mentionsOf } from './mentions.ts'

interface TextProps {
  readonly text: string
  /** The people the server found in it. */
  readonly mentioned?: Mentioned | undefined
}

/** The text of a message, with URLs as links, mentions marked, and emoticons drawn. */
export function Text({ text, mentioned }: TextProps) {
  const [, command, rest = ''] = /^\/(me|code|quote)\s([\s\S]+)$/.exec(text) ?? []
  if (command === 'code') return <pre class="message-code">{rest}</pre>
  if (command === 'quote') return <blockquote>{drawn(rest, mentioned)}</blockquote>
  if (command === 'me') return <em class="message-me">{drawn(rest, mentioned)}</em>
  return <>{drawn(text, mentioned)}</>
}

/** A piece of a text that is drawn differently. */
interface Piece {
  readonly from: number
  readonly to: number
  readonly drawn: ComponentChildren
}

function drawn(text: string, mentioned: Mentioned | undefined): ComponentChildren[] {
  const pieces = [...links(text), ...mentions(text, mentioned), ...smileys(text)].sort(
    (one, other) => one.from - other.from,
  )
  const found: ComponentChildren[] = []
  let at = 0
  for (const { from, to, drawn: piece } of pieces) {
    if (from < at) continue // within the piece before it
    found.push(text.slice(at, from), piece)
    at = to
  }
  found.push(text.slice(at))
  return found
}

const links = (text: string): Piece[] =>
  linksIn(text).map(({ from, to, url }) => ({
    from,
    to,
    drawn: (
      <a href={url} {...elsewhere}>
        {url}
      </a>
    ),
  }))

const mentions = (text: string, mentioned: Mentioned | undefined): Piece[] =>
  mentionsOf(text, mentioned).map(({ from, to, name }) => ({
    from,
    to,
    drawn: <span class={isMe(name) ? 'mention mention-mine' : 'mention'}>@{name}</span>,
  }))

const smileys = (text: string): Piece[] =>
  [...text.matchAll(/\(([\p{L}\p{N}_-]{1,50})\)/gu)].flatMap(({ 0: whole, 1: shortcut = '', index }) => {
    const piece = smiling(shortcut)
    return piece ? [{ from: index, to: index + whole.length, drawn: piece }] : []
  })

function smiling(shortcut: string) {
  const found = emoticons.value.find((one) => one.shortcut === shortcut)
  if (!found || !/^(?:https?:|data:image\/)/i.test(found.url)) return undefined
  const { url, width = 25, height = 25 } = found
  const name = `(${shortcut})`
  return <img class="emoticon" src={url} alt={name} title={name} width={width} height={height} />
}
