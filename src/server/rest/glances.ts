import type { GlanceUpdate } from '../../api/glance.ts'
import { nextTurn } from '../../common/next-turn.ts'
import { findActiveUser, findRoom } from '../auth/access.ts'
import { addon, type Caller } from '../auth/callers.ts'
import { sanitizeGlance } from '../chat/sanitizing.ts'
import type { Context, Handlers } from '../context.ts'
import { badRequest } from '../errors.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'

type GlanceOperation = 'addonUiUpdate' | 'roomAddonUiUpdate' | 'userInRoomAddonUiUpdate' | 'userAddonUiUpdate'

export const glanceHandlers: Pick<Handlers, GlanceOperation> = {
  addonUiUpdate: (update, caller, context) => push(update, {}, caller, context),

  roomAddonUiUpdate: (update, caller, context) =>
    push(update, { room: findRoom(context.state, update.id_or_name, caller) }, caller, context),

  userInRoomAddonUiUpdate(update, caller, context) {
    const room = findRoom(context.state, update.id_or_name, caller)
    const user = findActiveUser(context.state, update.id_or_email)
    return push(update, { room, user }, caller, context)
  },

  userAddonUiUpdate: (update, caller, context) =>
    push(update, { user: findActiveUser(context.state, update.id_or_email) }, caller, context),
}

interface Audience {
  readonly room?: RoomRecord
  readonly user?: UserRecord
}

/** Pushes the whole update or nothing: 400 when one of its keys is not a glance of the descriptor. */
async function push(
  { glance: glances }: GlanceUpdate,
  { room, user }: Audience,
  caller: Caller,
  { glances: pushed, state }: Context,
): Promise<undefined> {
  const { oauthId, key: addonKey, descriptor } = addon(caller)
  const known = (descriptor.capabilities?.glance ?? []).map(({ key }) => key)
  glances.forEach(({ key }, index) => {
    if (!known.includes(key))
      throw badRequest(`The descriptor of the add-on has no glance ${key}`, `glance.${index}.key`)
  })
  const updates: Parameters<typeof pushed.add>[0][number][] = []
  for (const { key, content } of glances) {
    await nextTurn() // a hundred labels full of markup take a third of a second: other calls run in between
    updates.push({
      oauthId,
      addonKey,
      key,
      content: sanitizeGlance(content),
      ...(room ? { roomId: room.id } : {}),
      ...(user ? { userId: user.id } : {}),
    })
  }
  await pushed.add(updates, () => {
    caller.renew()
    if (user) findActiveUser(state, user.id)
  })
  return undefined
}
