import type { ComponentChildren } from 'preact'
import type { Message } from '../../../api/objects.ts'
import type { PageRoom } from '../../../server/chat-page/routes.ts'
import { composer } from '../composer.ts'
import { Icon } from '../icons.tsx'
import { Menu, type MenuItem } from '../menu.tsx'
import { messageActions } from '../modules/actions.ts'
import { followLink } from '../modules/links.ts'
import { Avatar, numberOf } from '../people/avatar.tsx'
import { addressOf, type Talk } from '../place.ts'
import { integrations, personOf } from '../store.ts'
import { cardOf } from './card.ts'
import { CardView } from './card-view.tsx'
import { FileView } from './file-view.tsx'
import { messageHtml, safeHtml, textOfHtml } from './html.ts'
import { mentionsMe } from './mentions.ts'
import { Text } from './text.tsx'
import { fullDateText, timeText } from './times.ts'

/** The author, as far as known: a user of the group, or the name of an integration. */
export interface Author {
  readonly id: number | undefined
  readonly name: string
  /** Of a user who still exists. */
  readonly mention?: string
  readonly picture?: string | null
}

/** Who wrote a message. An integration has the icon of its add-on, if that is still installed. */
export function authorOf({
  from,
  notification_sender: sender,
}: Pick<Message, 'from' | 'notification_sender'>): Author {
  if (typeof from === 'string') return { id: undefined, name: from }
  if (!from) return { id: undefined, name: 'Deleted user' }
  if (!('id' in from)) {
    const addon = integrations.value.find(({ oauth_id }) => oauth_id === sender?.['client_id'])
    return { id: undefined, name: from.name, picture: addon?.icon?.url ?? null }
  }
  const user = personOf(from.id)
  if (!user || user.is_deleted) return { id: from.id, name: user?.name ?? from.name }
  return { id: from.id, name: user.name, mention: user.mention_name, picture: user.photo_url ?? null }
}

/** A message as plain text, for copying and quoting. */
export const plainText = ({ message = '', message_format, file }: Message): string =>
  (message_format === 'html' ? textOfHtml(message) : message) || file?.name || ''

interface RowProps {
  readonly message: Message
  readonly talk: Talk
  readonly room: PageRoom | undefined
  /** By the same author as the message before it, shortly after: the name is not repeated. */
  readonly follows: boolean
  /** The message it answers, if that is known. */
  readonly parent: Message | undefined
  /** Id of a later message that has the same card. */
  readonly replaced: string | undefined
  readonly reply: ((message: Message) => void) | undefined
  readonly show: (id: string) => void
}

/**
 * One message. Rendered again only when it has changed, since there may be thousands: the signals library does that
 * for a component that reads a signal, as this one does, if its properties are the same.
 */
export function Row(row: RowProps) {
  const { message, follows, talk } = row
  const author = authorOf(message)
  if (message.type === 'topic') return <TopicLine message={message} />
  const notification = message.type === 'notification'
  const colour = colours.has(message.color ?? '') ? message.color : 'gray'
  const mine =
    message.message_format !== 'html' && !notification && mentionsMe(message.message ?? '', message.mentions)
  return (
    <li
      id={`message-${message.id}`}
      tabIndex={-1}
      class={`message ${follows ? 'message-follows' : ''} ${mine ? 'message-mine' : ''} ${
        notification ? `notification notification-${colour}` : ''
      }`}
    >
      <div class="message-side">
        {follows ? (
          <Time date={message.date} />
        ) : (
          <Avatar id={author.id ?? numberOf(author.name)} name={author.name} url={author.picture} />
        )}
      </div>
      <div class="message-body">
        <p class={follows ? 'hidden-text' : 'message-head'}>
          <AuthorName author={author} talk={talk} />
          {!follows && <Time date={message.date} />}
        </p>
        <Quoted {...row} />
        <Content {...row} />
      </div>
      <MessageMenu {...row} author={author} />
    </li>
  )
}

const colours: ReadonlySet<string> = new Set(['yellow', 'green', 'red', 'purple', 'gray'])

function AuthorName({ author: { name, mention }, talk }: { author: Author; talk: Talk }) {
  if (mention === undefined || talk.kind === 'person') return <span class="message-author">{name}</span>
  return (
    <button
      type="button"
      class="message-author"
      title={`Mention @${mention}`}
      onClick={() => {
        composer.value?.append(`@${mention} `)
        composer.value?.focus()
      }}
    >
      {name}
    </button>
  )
}

const Time = ({ date }: { date: string }) => (
  <time dateTime={date} title={fullDateText(date)}>
    {timeText(date)}
  </time>
)

function TopicLine({ message }: { message: Message }) {
  return (
    <li id={`message-${message.id}`} class="message-topic" tabIndex={-1}>
      <strong>{authorOf(message).name}</strong>{' '}
      {message.message ? (
        <>
          changed the topic to “<Text text={message.message} />”
        </>
      ) : (
        'removed the topic'
      )}{' '}
      <Time date={message.date} />
    </li>
  )
}

/** The quoted message, in one line that links to it. */
function Quoted({ message, parent, show }: RowProps) {
  if (!message.attach_to) return null
  if (!parent) return <p class="message-quoted">An earlier message</p>
  return (
    <button type="button" class="message-quoted" onClick={() => show(parent.id)}>
      <Icon name="reply" size={12} />
      <strong>{authorOf(parent).name}</strong>
      <span>{plainText(parent)}</span>
    </button>
  )
}

function Content({ message, room, replaced, show }: RowProps) {
  const card = cardOf(message)
  // The target of these events is an element.
  const follow = (event: MouseEvent) => {
    const link = (event.target as Element).closest('a')
    if (link && room && followLink(link, room, message)) event.preventDefault()
  }
  const press = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    const link = (event.target as Element).closest<HTMLElement>('a[role=button]')
    if (!link) return // the browser handles its keys
    event.preventDefault()
    link.click()
  }
  if (card && replaced !== undefined)
    return (
      <p class="message-replaced">
        {card.title}{' '}
        <button type="button" class="button-plain" onClick={() => show(replaced)}>
          updated below
        </button>
      </p>
    )
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: people click or press the links in it
    <div class="message-content" onClick={follow} onKeyDown={press}>
      {card ? <CardView card={card} /> : <Words message={message} />}
      {message.file && <FileView file={message.file} />}
    </div>
  )
}

function Words({ message: { message, message_format, mentions } }: { message: Message }): ComponentChildren {
  if (message === undefined) return <p class="message-deleted">This message was deleted.</p>
  if (message === '') return null
  if (message_format === 'html') return <div class="message-html">{safeHtml(message, messageHtml)}</div>
  return (
    <div class="message-text">
      <Text text={message} mentioned={mentions} />
    </div>
  )
}

function MessageMenu({ message, talk, room, reply, author }: RowProps & { author: Author }) {
  const text = plainText(message)
  const own: MenuItem[] = [
    ...(reply && message.message !== undefined
      ? [{ key: 'reply', name: 'Reply', choose: () => reply(message) }]
      : []),
    {
      key: 'quote',
      name: 'Quote',
      choose() {
        composer.value?.append(`> ${text.split('\n').join('\n> ')}\n`)
        composer.value?.focus()
      },
    },
    { key: 'copy', name: 'Copy text', choose: () => copy(text) },
    {
      key: 'link',
      name: 'Copy link to message',
      choose: () => copy(`${location.origin}${addressOf(talk)}#message-${message.id}`),
    },
  ]
  return (
    <div class="message-menu">
      <Menu
        label={`More for the message of ${author.name} at ${timeText(message.date)}`}
        first={own}
        items={async () =>
          room
            ? (await messageActions(room, message)).map(({ key, name, addon, choose }) => ({
                key: `${addon} ${key}`,
                name,
                from: addon,
                choose,
              }))
            : []
        }
      >
        <Icon name="dots" />
      </Menu>
    </div>
  )
}

/** If a page without https may not use the clipboard, the person can select and copy the text. */
function copy(text: string): void {
  const copied = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error('no clipboard'))
  copied.catch(() => prompt('Copy this:', text))
}
