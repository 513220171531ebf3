import type { GlanceUpdate } from '../../api/glance.ts'
import { nextTurn } from '../../common/next-turn.ts'
import { findActiveUser, findRoom } from '../auth/access.ts'
import { addon, type Session } from '../auth/callers.ts'
import { sanitizeGlance } from '../chat/sanitizing.ts'
import type { Context, Handlers } from '../context.ts'
import { badRequest } from '../errors.ts'
import type { RoomRecord, UserRecord } from '../state/records.ts'

type GlanceOperation = 'addonUiUpdate' | 'roomAddonUiUpdate' | 'userInRoomAddonUiUpdate' | 'userAddonUiUpdate'

export const glanceHandlers: Pick<Handlers, GlanceOperation> = {
  addonUiUpdate: (update, session, context) => push(update, {}, session, context),

  roomAddonUiUpdate: (update, session, context) =>
    push(update, { room: findRoom(context.state, update.id_or_name, session) }, session, context),

  userInRoomAddonUiUpdate(update, session, context) {
    const room = findRoom(context.state, update.id_or_name, session)
    const user = findActiveUser(context.state, update.id_or_email)
    return push(update, { room, user }, session, context)
  },

  userAddonUiUpdate: (update, session, context) =>
    push(update, { user: findActiveUser(context.state, update.id_or_email) }, session, context),
}

interface Audience {
  readonly room?: RoomRecord
  readonly user?: UserRecord
}

/** Pushes the whole update or nothing: 400 when one of its keys is not a glance of the descriptor. */
async function push(
  { glance: glances }: GlanceUpdate,
  { room, user }: Audience,
  session: Session,
  { glances: pushed, state }: Context,
): Promise<undefined> {
  const { oauthId, key: addonKey, descriptor } = addon(session)
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
    session.renew()
    if (user) findActiveUser(state, user.id)
  })
  return undefined
}
