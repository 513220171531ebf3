import type { Handlers } from '../context.ts'
import { addonHandlers } from './addons.ts'
import { capabilitiesHandlers } from './capabilities.ts'
import { emoticonHandlers } from './emoticons.ts'
import { extensionWebhookHandlers } from './extension-webhooks.ts'
import { glanceHandlers } from './glances.ts'
import { groupHandlers } from './groups.ts'
import { memberHandlers } from './members.ts'
import { messageHandlers } from './messages.ts'
import { oauthHandlers } from './oauth.ts'
import { pictureHandlers } from './pictures.ts'
import { privateMessageHandlers } from './private-messages.ts'
import { roomHandlers } from './rooms.ts'
import { sessionHandlers } from './sessions.ts'
import { userHandlers } from './users.ts'
import { webhookHandlers } from './webhooks.ts'

export const handlers: Handlers = {
  ...capabilitiesHandlers,
  ...oauthHandlers,
  ...roomHandlers,
  ...memberHandlers,
  ...messageHandlers,
  ...webhookHandlers,
  ...extensionWebhookHandlers,
  ...userHandlers,
  ...groupHandlers,
  ...pictureHandlers,
  ...privateMessageHandlers,
  ...emoticonHandlers,
  ...addonHandlers,
  ...glanceHandlers,
  ...sessionHandlers,
}
