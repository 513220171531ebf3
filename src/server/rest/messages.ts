import { findRoom } from '../auth/access.ts'
import { authorOf, type Caller, person } from '../auth/callers.ts'
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
  async sendRoomNotification(parameters, caller, { state, chat }) {
    const room = findRoom(state, parameters.id_or_name, caller)
    await chat.notify(room, authorOf(caller), parameters)
    return undefined
  },

  async sendRoomMessage(parameters, caller, { state, chat }) {
    const room = findRoom(state, parameters.id_or_name, caller)
    const message = await chat.say(room, person(caller), parameters.message)
    return { id: message.id, timestamp: formatDate(message.at) }
  },

  getRoomHistory: (parameters, caller, context) =>
    historyPage(placeOf(parameters.id_or_name, caller, context), parameters, caller.url),

  getLatestRoomHistory: (parameters, caller, context) =>
    latestPage(placeOf(parameters.id_or_name, caller, context), parameters, caller.url),

  getRoomMessage(parameters, caller, context) {
    const place = placeOf(parameters.id_or_name, caller, context)
    const message = findMessage(place, parameters.message_id)
    return place.present(message, checkTimezone(parameters.timezone ?? 'UTC'))
  },

  async replyToRoomMessage(parameters, caller, context) {
    const room = findRoom(context.state, parameters.id_or_name, caller)
    const parent = findMessage(placeOf(room.id, caller, context), parameters.parentMessageId)
    await context.chat.say(room, person(caller), parameters.message, parent)
    return undefined
  },

  async shareLinkWithRoom(parameters, caller, { state, chat }) {
    const room = findRoom(state, parameters.id_or_name, caller)
    await chat.say(room, person(caller), linkedText(parameters))
    return undefined
  },

  async shareFileWithRoom({ id_or_name, file: sent, metadata }, caller, { state, chat }) {
    const room = findRoom(state, id_or_name, caller)
    const { file, stored } = receiveFile(sent)
    await chat.shareFile(room, person(caller), file, metadata?.message ?? '', stored)
    return undefined
  },
}

function placeOf(name: string | number, caller: Caller, { state, present }: Context): Place<MessageRecord> {
  const room = findRoom(state, name, caller)
  return {
    find: (id) => state.messages.find(room.id, id),
    read: (range) => state.messages.history(room.id, range),
    present: present.message,
  }
}
