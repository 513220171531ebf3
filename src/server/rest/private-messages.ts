import { findKnownUser } from '../auth/access.ts'
import { type Caller, person } from '../auth/callers.ts'
import { receiveFile } from '../chat/files.ts'
import { sanitizeHtml } from '../chat/sanitizing.ts'
import type { Context, Handlers } from '../context.ts'
import { checkTimezone } from '../dates.ts'
import { notFound } from '../errors.ts'
import type { PrivateMessageRecord, UserRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { findMessage, historyPage, latestPage, type Place } from './history.ts'
import { linkedText } from './links.ts'

type PrivateMessageOperation =
  | 'sendPrivateMessage'
  | 'viewPrivatechatHistory'
  | 'viewRecentPrivatechatHistory'
  | 'getPrivatechatMessage'
  | 'shareLinkWithUser'
  | 'shareFileWithUser'

export const privateMessageHandlers: Pick<Handlers, PrivateMessageOperation> = {
  async sendPrivateMessage(parameters, caller, { state, chat }) {
    const to = findRecipient(state, parameters.id_or_email, caller)
    const { message, message_format: format = 'html' } = parameters
    await chat.sayPrivately(person(caller), to, {
      text: format === 'html' ? sanitizeHtml(message) : message,
      format,
      notify: parameters.notify ?? false,
    })
    return undefined
  },

  viewPrivatechatHistory: (parameters, caller, context) =>
    historyPage(placeOf(parameters.id_or_email, caller, context), parameters, caller.url),

  viewRecentPrivatechatHistory: (parameters, caller, context) =>
    latestPage(placeOf(parameters.id_or_email, caller, context), parameters, caller.url),

  /** Callers only read their own chats. An add-on may call this, but has none, so it finds nothing. */
  getPrivatechatMessage(parameters, caller, context) {
    if (!caller.user) throw notFound('Message', parameters.message_id)
    const place = placeOf(parameters.id_or_email, caller, context)
    const message = findMessage(place, parameters.message_id)
    return place.present(message, checkTimezone(parameters.timezone ?? 'UTC'))
  },

  async shareLinkWithUser(parameters, caller, { state, chat }) {
    const to = findRecipient(state, parameters.id_or_email, caller)
    await chat.sayPrivately(person(caller), to, {
      text: linkedText(parameters),
      format: 'text',
      notify: false,
    })
    return undefined
  },

  async shareFileWithUser({ id_or_email, file: sent, metadata }, caller, { state, chat }) {
    const to = findRecipient(state, id_or_email, caller)
    const { file, stored } = receiveFile(sent)
    const message = { text: metadata?.message ?? '', format: 'text', notify: false, file } as const
    await chat.sayPrivately(person(caller), to, message, stored)
    return undefined
  },
}

function findRecipient(state: State, name: string | number, caller: Caller): UserRecord {
  const user = findKnownUser(state, name, caller)
  if (user.isDeleted) throw notFound('User', name)
  return user
}

/** The messages between the caller and another user; they stay when the other user is deleted. */
function placeOf(
  name: string | number,
  caller: Caller,
  { state, present }: Context,
): Place<PrivateMessageRecord> {
  const self = person(caller)
  const other = findKnownUser(state, name, caller)
  return {
    find: (id) => state.messages.findPrivate(self.id, other.id, id),
    read: (range) => state.messages.privateHistory(self.id, other.id, range),
    present: present.privateMessage,
  }
}
