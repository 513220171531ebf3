import type { HipChatServer } from '../../../src/server/index.ts'
import { type CallOptions, call, declare, hook, installOverHttp, startAddon } from '../support.ts'

/** A call of the administration, with the administrator's token. */
export const admin = (server: HipChatServer, method: string, path: string, options: CallOptions = {}) =>
  call(server, method, `${server.url}/admin${path}`, { token: server.adminToken, ...options })

/** An add-on in the Lobby with a webhook, whose URL has a secret in its query. */
export async function installWebhook(server: HipChatServer, url = '/hook?key=hidden-in-the-query') {
  const addon = await startAddon()
  declare(addon, { webhook: hook(addon, { url: addon.url + url }) })
  const record = await installOverHttp(server, addon, 'Lobby')
  return { addon, record }
}
