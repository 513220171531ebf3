import { alwaysSent, array, integer, object, optional, string, union } from '../../common/schema.ts'
import { longest, most } from '../bounds.ts'
import { installable } from '../installable.ts'
import { operation } from '../operation.ts'

export const installAddon = operation({
  method: 'POST',
  path: '/addon',
  summary: 'Install an add-on from the address of its descriptor, for the group or in the room named.',
  scopes: ['admin_group', 'admin_room'],
  tokens: ['user', 'personal'],
  body: {
    type: 'json',
    schema: object({
      url: string({
        format: 'uri',
        minLength: 1,
        maxLength: 65_536,
        description: 'http, https, or a data: URL holding the descriptor',
      }),
      room_id: optional(
        union(
          integer(),
          string({
            maxLength: longest.name,
            description: 'our extension: id or name of the room; without it, the whole group',
          }),
        ),
      ),
      scopes: optional(
        array(string({ maxLength: longest.name }), {
          maxItems: most.scopes,
          description: 'our extension: the approved scopes; a descriptor that asks for more is refused',
        }),
      ),
      relay_state: optional(
        string({
          maxLength: 2000,
          description: 'our extension: passed to the add-on as relayState',
        }),
      ),
    }),
  },
  result: {
    kind: 'json',
    status: 201,
    // The OpenAPI document names no body here; these members are ours.
    schema: object({
      id: string({ description: 'id of the installation, which is also its OAuth id' }),
      key: alwaysSent(string()),
      links: alwaysSent(object({ self: alwaysSent(string({ format: 'uri' })) })),
      installed_url: optional(
        string({ description: 'address to which the browser has to go to complete the installation' }),
      ),
      warnings: optional(
        array(string(), {
          description:
            'for example: the add-on is installed for the group and in a room, and answers twice there',
        }),
      ),
    }),
  },
  paging: 'none',
  limits: ['api'],
})

export const uninstallAddon = operation({
  method: 'DELETE',
  path: '/addon/{addon_key_or_id}/installable/{installable_id}',
  summary: 'Remove one installation of an add-on.',
  scopes: ['admin_group', 'admin_room'],
  tokens: ['user', 'personal'],
  result: { kind: 'empty', status: 204 },
  paging: 'none',
  limits: ['api'],
})

/** Not in the OpenAPI document, but the client-side installation needs it (`installation.md` section 4). */
export const getIntegrationInstallableData = operation({
  method: 'GET',
  path: '/addon/{addon_key_or_id}/installable/{token}',
  summary: 'Get the data of a new installation. It can be read once.',
  once: true,
  scopes: [],
  tokens: [],
  result: { kind: 'json', status: 200, schema: installable },
  paging: 'none',
  limits: ['api'],
})
