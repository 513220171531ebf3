import { findRoom, findUser } from '../access.ts'
import type { Handlers } from '../context.ts'
import { checkTimezone, formatDate, parseDate } from '../dates.ts'
import { forbidden, notFound } from '../errors.ts'
import { pageOf, pageRange } from '../paging.ts'
import { authorOf, type Session } from '../session.ts'
import type { UserRecord } from '../state/records.ts'

type MessageOperation =
  | 'sendRoomNotification'
  | 'sendRoomMessage'
  | 'getRoomHistory'
  | 'getLatestRoomHistory'
  | 'sendPrivateMessage'

export const messageHandlers: Pick<Handlers, MessageOperation> = {
  async sendRoomNotification(parameters, session, { state, chat }) {
    const room = findRoom(state, parameters.id_or_name, session)
    await chat.notify(room, authorOf(session), parameters)
    return undefined
  },

  async sendRoomMessage(parameters, session, { state, chat }) {
    const room = findRoom(state, parameters.id_or_name, session)
    const message = await chat.say(room, person(session), parameters.message)
    return { id: message.id, timestamp: formatDate(message.at) }
  },

  /**
   * Counted back from the newest message, or from `date` when it is dated; within a page the oldest comes first unless
   * `reverse` is false. Nothing deletes single messages here, so `include_deleted` makes no difference.
   */
  getRoomHistory(parameters, session, { state, present }) {
    const room = findRoom(state, parameters.id_or_name, session)
    const timezone = checkTimezone(parameters.timezone ?? 'UTC')
    const dated = parameters.date !== undefined && parameters.date !== 'recent'
    const endDate = parameters['end-date']
    const { start, length } = pageRange(parameters)
    const found = state.messages.history(room.id, {
      ...(dated ? { until: parseDate(parameters.date ?? '', 'date') } : {}),
      ...(dated && endDate !== undefined ? { since: parseDate(endDate, 'end-date') } : {}),
      offset: start,
      limit: length + 1, // one more tells whether there is a next page
    })
    const messages = found.slice(0, length).map((message) => present.message(message, timezone))
    if (parameters.reverse !== false) messages.reverse()
    return pageOf(messages, found.length > length, parameters, session.url)
  },

  getLatestRoomHistory(parameters, session, { state, present }) {
    const room = findRoom(state, parameters.id_or_name, session)
    const timezone = checkTimezone(parameters.timezone ?? 'UTC')
    const notBefore = parameters['not-before']
    const oldest = notBefore === undefined ? undefined : state.messages.find(room.id, notBefore)
    if (notBefore !== undefined && !oldest) throw notFound('Message', notBefore)
    const limit = parameters['max-results'] ?? 100
    const found = state.messages.history(room.id, { limit, ...(oldest ? { since: oldest.at } : {}) })
    const messages = found.map((message) => present.message(message, timezone)).reverse()
    return pageOf(messages, false, { 'max-results': limit }, session.url)
  },

  async sendPrivateMessage(parameters, session, { state, chat }) {
    const to = findUser(state, parameters.id_or_email)
    if (to.isDeleted) throw notFound('User', parameters.id_or_email)
    await chat.sayPrivately(person(session), to, {
      text: parameters.message,
      format: parameters.message_format ?? 'html',
      notify: parameters.notify ?? false,
    })
    return undefined
  },
}

/** The table lets only users' tokens through; a token without a user among them would be a fault of ours. */
function person({ user }: Session): UserRecord {
  if (!user) throw forbidden('Only users can send messages')
  return user
}
