import { signRequest } from '../addons/signing.ts'
import { badRequest, forbidden } from '../errors.ts'
import type { ClientRecord, RoomRecord, UserRecord } from '../state/records.ts'
import type { OpenedModule } from './routes.ts'

/** What an address is made from. */
export interface Opening {
  readonly client: ClientRecord
  readonly user: UserRecord
  readonly room: RoomRecord | undefined
  /** The address from the descriptor, with its placeholders. */
  readonly url: string
  readonly authentication: 'jwt' | 'none'
  /** Values of the placeholders. */
  readonly values: Readonly<Record<string, unknown>>
  /** Query parameters to add, next to the signed request. */
  readonly parameters: Readonly<Record<string, string>>
}

/** The client API version, as in the capabilities document; HipChat had only one. */
const clientApiVersion = '1'

const longestAddress = 8 * 1024 // about the limit of common servers
const longestFilled = longestAddress + 2_048 // placeholders may be longer than their values

/**
 * Fills an address, signs it in the user's name, and returns the signed request separately too. The only place that
 * signs requests for people: 403 for a request without a room, unless it is for an administrator of the group.
 */
export function openAddress({
  client,
  user,
  room,
  url,
  authentication,
  values,
  parameters,
}: Opening): OpenedModule {
  // To an add-on, a request without a room is about the whole group.
  if (!room && !user.isAdmin)
    throw forbidden('Only administrators of the group may open a module outside of a room: give room_id')
  const filled = fillTemplate(url, values)
  if (!URL.canParse(filled) || !/^https?:$/.test(new URL(filled).protocol))
    throw badRequest(`The address of the module is not an http or https address: ${filled.slice(0, 200)}`)
  const token = signRequest({
    oauthId: client.oauthId,
    secret: client.secret,
    user,
    roomId: room?.id,
    // A request without a room opens pages of the whole group: the add-on must know for whom.
    administrator: room === undefined && user.isAdmin,
  })
  const address = new URL(filled)
  const more = {
    ...(authentication === 'jwt' ? { signed_request: token } : {}),
    ...parameters,
    connect_client_api_version: clientApiVersion,
  }
  for (const [name, value] of Object.entries(more)) address.searchParams.set(name, value)
  if (address.href.length > longestAddress)
    throw badRequest(`The address of the module would have more than ${longestAddress} characters`, 'values')
  return { url: address.href, token, expires: Date.now() + 3_600_000 }
}

/**
 * Replaces `{path.to.value}` with values: objects as JSON, nothing for missing ones, all percent-encoded
 * (`descriptor.md` 2.6).
 */
export function fillTemplate(template: string, values: Readonly<Record<string, unknown>>): string {
  let length = template.length
  return template.replace(/\{([^{}]+)\}/g, (_, path: string) => {
    const text = encodeURIComponent(textAt(values, path))
    length += text.length
    // A short template can repeat a long value many hundred times.
    if (length > longestFilled)
      throw badRequest(
        `The address of the module would have more than ${longestAddress} characters`,
        'values',
      )
    return text
  })
}

function textAt(values: Readonly<Record<string, unknown>>, path: string): string {
  let found: unknown = values
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return ''
    found = Reflect.get(found, name)
  }
  if (found === null || found === undefined) return ''
  return typeof found === 'object' ? JSON.stringify(found) : String(found)
}
