import { overlapWarnings } from '../addons/overlaps.ts'
import { findRoom, requireInstallRights } from '../auth/access.ts'
import { makerOf, requirePersonal } from '../auth/maker-rights.ts'
import { maySee } from '../auth/room-rights.ts'
import type { Context, Handlers } from '../context.ts'
import { CallRefusedError, notFound } from '../errors.ts'

type AddonOperation = 'installAddon' | 'uninstallAddon' | 'getIntegrationInstallableData'

export const addonHandlers: Pick<Handlers, AddonOperation> = {
  async installAddon(parameters, caller, context) {
    const { installer, state } = context
    requirePersonal('Installing add-ons', caller)
    const room = parameters.room_id === undefined ? undefined : findRoom(state, parameters.room_id, caller)
    requireInstallRights(state, room, caller)
    const { client, installedUrl } = await installer.install({
      url: parameters.url,
      ...(room ? { room } : {}),
      by: makerOf(caller),
      authorize: () => void caller.renew(),
      ...(parameters.scopes === undefined ? {} : { approved: parameters.scopes }),
      ...(parameters.relay_state === undefined ? {} : { relayState: parameters.relay_state }),
    })
    const warnings = overlapWarnings(client, room, caller, state)
    return {
      id: client.oauthId,
      key: client.key,
      links: { self: installationUrl(client.key, client.oauthId, context) },
      ...(installedUrl === undefined ? {} : { installed_url: installedUrl }),
      ...(warnings.length > 0 ? { warnings } : {}),
    }
  },

  async uninstallAddon({ addon_key_or_id, installable_id }, caller, { installer, state }) {
    const client = state.clients.get(String(installable_id))
    const named = client?.key === String(addon_key_or_id) || client?.oauthId === String(addon_key_or_id)
    if (!client || !named) throw notFound('Installation', installable_id)
    // For a caller who cannot see the room, nothing is installed there.
    const room = client.roomId === null ? undefined : state.rooms.get(client.roomId)
    if (client.roomId !== null && !(room && maySee(room, caller)))
      throw notFound('Installation', installable_id)
    requireInstallRights(state, room, caller)
    await installer.uninstall(client, () => void caller.renew())
    return undefined
  },

  async getIntegrationInstallableData({ addon_key_or_id, token }, _session, { installer }) {
    const document = await installer.readInstallable(String(addon_key_or_id), String(token))
    if (!document)
      throw new CallRefusedError(404, 'This installation document does not exist, or was read already')
    return document
  },
}

const installationUrl = (key: string, oauthId: string, { publicUrl }: Context): string =>
  `${publicUrl()}/v2/addon/${encodeURIComponent(key)}/installable/${oauthId}`
