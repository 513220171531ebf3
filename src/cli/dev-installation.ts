import { setTimeout as delay } from 'node:timers/promises'
import { descriptor, placesOf } from '../api/descriptor.ts'
import { parseJson } from '../common/http.ts'
import { resultWithin } from '../common/time-limit.ts'
import { validate } from '../common/validate.ts'
import { messageOf } from '../errors.ts'
import type { HipChatServer } from '../server/index.ts'
import { fetchDescriptor } from './descriptor-source.ts'
import type { Report } from './dev-report.ts'

/** The longest time until an add-on serves its descriptor, in milliseconds. */
export const slowest = 30_000
const between = 100

/** Waits for the descriptor; `undefined` if that takes too long or is aborted. */
export async function served(url: string, signal: AbortSignal): Promise<string | undefined> {
  const end = Date.now() + slowest
  while (Date.now() < end && !signal.aborted) {
    const text = await fetchDescriptor(url).catch(() => undefined)
    if (text !== undefined) return text
    await delay(between)
  }
  return undefined
}

/** Manages the add-on's installation on the server: installs it at first, and updates it when its descriptor changes. */
export function createInstallation(server: HipChatServer, roomName: string | undefined, report: Report) {
  let current: { readonly oauthId: string; readonly text: string } | undefined

  return {
    async bring(url: string, text: string): Promise<void> {
      if (current?.text === text)
        return report('ready', { oauthId: current.oauthId }, 'The add-on runs; its descriptor is the same')
      const checked = validate(descriptor, parseJson(text))
      const inRoom = roomName !== undefined || !checked.ok || placesOf(checked.value).room
      const room = inRoom ? server.room(roomName ?? server.rooms()[0]?.id ?? 1) : undefined
      const verb = current ? 'updated' : 'installed'
      try {
        const { oauthId, key, installedUrl } = await server.install(url, room ? { room: room.id } : {})
        current = { oauthId, text }
        const where = room ? `in ${room.name}` : 'for the whole group'
        report(
          verb,
          { key, oauthId, room: room?.name ?? null, installedUrl: installedUrl ?? null },
          `${key} is ${verb} ${where}${installedUrl ? `; to complete it open ${installedUrl} in a browser` : ''}`,
        )
      } catch (error) {
        const reason = messageOf(error)
        report('problem', { text: reason }, `The add-on was not ${verb}: ${reason}`)
      }
    },
    async remove(): Promise<void> {
      if (!current) return
      const told = server.uninstall(current.oauthId).then(() => server.idle())
      await resultWithin(3_000, told).catch(() => {})
    },
  }
}
