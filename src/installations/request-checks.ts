import { timingSafeEqual } from 'node:crypto'
import type { InstallableUpdate } from '../api/installable.ts'
import { readId } from '../api/sender.ts'
import type { Schema } from '../common/schema.ts'
import { read } from '../common/tolerant-reading.ts'
import { validate } from '../common/validate.ts'
import { InstallationRefusedError } from '../errors.ts'
import { type Credentials, type Installation, isOauthId, isSame, originOf } from './installation.ts'
import type { SignedRequest } from './signed-request.ts'

/**
 * Reads a record from a server, and validates its lengths and formats too: it becomes store keys and
 * addresses.
 */
export function readRecord<T extends { oauthId: string }>(schema: Schema<T>, body: unknown): T {
  const received = read(schema, body)
  const checked = received.ok ? validate(schema, received.value) : received
  if (checked.ok && isOauthId(checked.value.oauthId)) return checked.value
  const message = checked.ok ? 'oauthId must be printable ASCII without spaces' : checked.problem.message
  throw new InstallationRefusedError(400, `The installation record is not complete: ${message}.`)
}

/**
 * Refuses a known id with another secret, or from another server: it is an attack or a mix-up, and the old
 * record stays.
 */
export function refuseTakeover({ installation, key }: Credentials, record: InstallableUpdate): void {
  const { oauthSecret, capabilitiesUrl, roomId } = record
  const origin = URL.canParse(capabilitiesUrl) ? new URL(capabilitiesUrl).origin : ''
  const sameSecret = oauthSecret === undefined || equal(key.export(), Buffer.from(oauthSecret, 'utf8'))
  const sameRoom = roomId === undefined || readId(roomId) === installation.roomId
  if (origin !== originOf(installation) || !sameSecret || !sameRoom)
    throw new InstallationRefusedError(
      409,
      'This oauthId is already installed with other credentials; they were not replaced.',
    )
}

const equal = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b)

/**
 * Whether the server itself signed the request. Tokens that name a user do not count: every member of the
 * room can get one of their own, from any page of the add-on.
 */
export const isVouchedFor = (signed: SignedRequest | undefined, { installation }: Credentials): boolean =>
  signed !== undefined && signed.userId === undefined && isSame(signed.credentials.installation, installation)

/** The refusal of a request about an installation that does not exist. */
export const notKnown = (): InstallationRefusedError =>
  new InstallationRefusedError(404, 'This installation is not known to the add-on.')

/** Where an installation is, for the log. */
export const placeOf = ({ groupId, roomId }: Installation) => ({ group: groupId, room: roomId ?? 'all' })
