import type { Message } from '../../../../api/objects.ts'
import type { PageRoom } from '../../../pages/api.ts'
import { openForPerson, present, targetOptions } from './opening.ts'
import { parametersOf, senderInstallation } from './parameters.ts'

/**
 * Follows a link of a notification that opens a module of the add-on that sent it: `data-target` with its options, or
 * `hipchat://www.hipchat.com/room/1?target=KEY`. False: it is an ordinary link. The modules of other add-ons are out of reach.
 */
export function followLink(link: HTMLAnchorElement, room: PageRoom, message: Message): boolean {
  const sender = senderInstallation(message)
  const integration = present.value.find(({ oauth_id }) => oauth_id === sender)
  const named = link.dataset['target'] ?? targetIn(link.getAttribute('href') ?? '', room)
  if (!integration || !named) return false
  const own = `${integration.addon_key}:`
  const key = named.startsWith(own) ? named.slice(own.length) : named
  if (key.includes(':')) return false
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

/** The module that an address of HipChat's own scheme names, in the room that it names. */
function targetIn(href: string, room: PageRoom): string | undefined {
  const [, id, query] = /^hipchat:\/\/[^/?#]*\/room\/(\d+)\/?\?([^#]*)/i.exec(href) ?? []
  return Number(id) === room.id ? (new URLSearchParams(query).get('target') ?? undefined) : undefined
}

function optionsOf(link: HTMLAnchorElement): unknown {
  try {
    return JSON.parse(link.dataset['targetOptions'] ?? '{}')
  } catch {
    return undefined // none, then
  }
}
