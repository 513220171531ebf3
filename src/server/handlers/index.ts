import type { Handlers } from '../context.ts'
import { addonHandlers } from './addons.ts'
import { capabilitiesHandlers } from './capabilities.ts'
import { emoticonHandlers } from './emoticons.ts'
import { messageHandlers } from './messages.ts'
import { oauthHandlers } from './oauth.ts'
import { roomHandlers } from './rooms.ts'
import { sessionHandlers } from './sessions.ts'
import { userHandlers } from './users.ts'
import { webhookHandlers } from './webhooks.ts'

export const handlers: Handlers = {
  ...capabilitiesHandlers,
  ...oauthHandlers,
  ...roomHandlers,
  ...messageHandlers,
  ...webhookHandlers,
  ...userHandlers,
  ...emoticonHandlers,
  ...addonHandlers,
  ...sessionHandlers,
}
