import { findRoom } from '../auth/access.ts'
import { authorOf, person, type Session } from '../auth/callers.ts'
import { receiveFile } from '../chat/files.ts'
import type { Context, Handlers } from '../context.ts'
import { checkTimezone, formatDate } from '../dates.ts'
import type { MessageRecord } from '../state/records.ts'
import { findMessage, historyPage, latestPage, type Place } from './history.ts'
import { linkedText } from './links.ts'

type MessageOperation =
  | 'sendRoomNotification'
  | 'sendRoomMessage'
  | 'getRoomHistory'
  | 'getLatestRoomHistory'
  | 'getRoomMessage'
  | 'replyToRoomMessage'
  | 'shareLinkWithRoom'
  | 'shareFileWithRoom'

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

  getRoomHistory: (parameters, session, context) =>
    historyPage(placeOf(parameters.id_or_name, session, context), parameters, session.url),

  getLatestRoomHistory: (parameters, session, context) =>
    latestPage(placeOf(parameters.id_or_name, session, context), parameters, session.url),

  getRoomMessage(parameters, session, context) {
    const place = placeOf(parameters.id_or_name, session, context)
    const message = findMessage(place, parameters.message_id)
    return place.present(message, checkTimezone(parameters.timezone ?? 'UTC'))
  },

  async replyToRoomMessage(parameters, session, context) {
    const room = findRoom(context.state, parameters.id_or_name, session)
    const parent = findMessage(placeOf(room.id, session, context), parameters.parentMessageId)
    await context.chat.say(room, person(session), parameters.message, parent)
    return undefined
  },

  async shareLinkWithRoom(parameters, session, { state, chat }) {
    const room = findRoom(state, parameters.id_or_name, session)
    await chat.say(room, person(session), linkedText(parameters))
    return undefined
  },

  async shareFileWithRoom({ id_or_name, file: sent, metadata }, session, { state, chat }) {
    const room = findRoom(state, id_or_name, session)
    const { file, stored } = receiveFile(sent)
    await chat.shareFile(room, person(session), file, metadata?.message ?? '', stored)
    return undefined
  },
}

function placeOf(name: string | number, session: Session, { state, present }: Context): Place<MessageRecord> {
  const room = findRoom(state, name, session)
  return {
    find: (id) => state.messages.find(room.id, id),
    read: (range) => state.messages.history(room.id, range),
    present: present.message,
  }
}
