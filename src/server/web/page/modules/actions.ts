import type { Message } from '../../../../api/objects.ts'
import type { PageRoom } from '../../../pages/api.ts'

/** An entry of a menu, made by an add-on. */
export interface Action {
  readonly key: string
  readonly name: string
  readonly addon: string
  choose(): void
}

/** The add-ons' entries in the menu of a message, those whose conditions hold. */
export async function messageActions(_room: PageRoom, _message: Message): Promise<readonly Action[]> {
  return []
}

/** The add-ons' entries in the menu beside the field in which messages are written. */
export async function inputActions(_room: PageRoom): Promise<readonly Action[]> {
  return []
}
