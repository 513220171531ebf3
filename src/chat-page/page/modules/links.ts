import type { Message } from '../../../api/objects.ts'
import type { PageRoom } from '../../../server/chat-page/routes.ts'
import { goTo } from '../place.ts'
import { openForPerson, present, problem, targetOptions } from './opening.ts'
import { parametersOf, senderInstallation } from './parameters.ts'

/**
 * Follows a link of a notification, in its text or its card, that opens a module of the add-on that sent it: `data-target` with its
 * options, or `hipchat://www.hipchat.com/room/1?target=KEY`. `hipchat://…/room/1` alone leads to the room. False: it is an ordinary
 * link. Modules of other add-ons cannot be opened.
 */
export function followLink(link: HTMLAnchorElement, room: PageRoom, message: Message): boolean {
  const href = link.getAttribute('href') ?? ''
  const named = link.dataset['target'] || targetIn(href, room)
  if (!named) return goToRoom(href)
  const sender = senderInstallation(message)
  const integration = present.value.find(({ oauth_id }) => oauth_id === sender)
  const own = `${integration?.addon_key}:`
  const key = named.startsWith(own) ? named.slice(own.length) : named
  if (!integration || key.includes(':')) {
    if (/^(?:https?|mailto):/i.test(href)) return false
    const text = integration
      ? `This link leads to another add-on, which ${integration.name} may not open.`
      : 'The add-on of this link is not in this room.'
    problem.value = { title: link.textContent || named, text }
    return true
  }
  const { values, ...options } = targetOptions(optionsOf(link))
  openForPerson({
    ...options,
    integration,
    room,
    key,
    values: { ...values, message: parametersOf(message) },
  })
  return true
}

const roomAddress = /^hipchat:\/\/[^/?#]*\/room\/(\d{1,15})\/?(?:\?([^#]*))?(?:#|$)/i

/** Browsers cannot open a URL of HipChat's own scheme: one that names no room leads nowhere. */
function goToRoom(href: string): boolean {
  if (!/^hipchat:/i.test(href)) return false
  const [, id] = roomAddress.exec(href) ?? []
  if (id !== undefined) goTo({ kind: 'room', id: Number(id) })
  return true
}

/** The module that a URL of HipChat's own scheme names, in the room that it names. */
function targetIn(href: string, room: PageRoom): string | undefined {
  const [, id, query] = roomAddress.exec(href) ?? []
  return Number(id) === room.id ? (new URLSearchParams(query).get('target') ?? undefined) : undefined
}

function optionsOf(link: HTMLAnchorElement): unknown {
  try {
    return JSON.parse(link.dataset['targetOptions'] ?? '{}')
  } catch {
    return undefined // not a valid URL
  }
}
