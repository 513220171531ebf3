import type { Message } from '../../../../api/objects.ts'
import type { PageRoom } from '../../../pages/api.ts'

/** Follows a link of a notification that opens a module of the add-on that sent it. False: it is an ordinary link. */
export function followLink(_link: HTMLAnchorElement, _room: PageRoom, _message: Message): boolean {
  return false
}
