import type { HipChatServer } from '../../../src/server/index.ts'
import { type Addon, declare, hook, installOverHttp, startAddon } from '../support.ts'

/**
 * An installed add-on with one webhook for messages, or with others; a function gets the add-on and returns them.
 */
export async function listening(
  server: HipChatServer,
  webhook: unknown = undefined,
  room: string | null = 'Lobby',
): Promise<{ addon: Addon; record: Awaited<ReturnType<typeof installOverHttp>> }> {
  const addon = await startAddon()
  declare(addon, { webhook: webhook ?? hook(addon) })
  if (typeof webhook === 'function') declare(addon, { webhook: webhook(addon) })
  const record = await installOverHttp(server, addon, room ?? undefined)
  return { addon, record }
}
