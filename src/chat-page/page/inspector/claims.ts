import { isRecord } from '../../../common/is-record.ts'
import { personOf } from '../store.ts'
import { clock, roomName } from './watching.ts'

/** A claim of a signed request, and its meaning. */
export interface Claim {
  readonly name: string
  readonly value: string
  readonly meaning: string
}

/** Explains a signed request to people who have not read about them. */
export function explained(claims: Readonly<Record<string, unknown>>): readonly Claim[] {
  return Object.entries(claims).map(([name, value]) => ({
    name,
    value: typeof value === 'string' ? value : JSON.stringify(value),
    meaning: meanings[name]?.(value) ?? '',
  }))
}

const meanings: Readonly<Record<string, (value: unknown) => string>> = {
  iss: () =>
    'The OAuth id of the installation. The add-on uses it to find the secret that verifies the signature.',
  sub: (value) =>
    `The user who caused it: ${personOf(Number(value))?.name ?? 'no longer known'}. Without it, the add-on itself did.`,
  iat: (value) => `Signed at ${time(value)}.`,
  exp: (value) => `Valid until ${time(value)}; after that the add-on must refuse it.`,
  jti: () => 'The id of this request: a second request with the same id is a replay.',
  context: (value) => context(value),
}

function context(value: unknown): string {
  if (!isRecord(value)) return ''
  const { room_id, user_tz } = value
  const said = [
    typeof room_id === 'number' ? `in the room ${roomName(room_id)}` : '',
    typeof user_tz === 'string' ? `the user’s time zone is ${user_tz}` : '',
  ].filter(Boolean)
  return said.length === 0 ? '' : `Where it happened: ${said.join('; ')}.`
}

const time = (seconds: unknown): string =>
  typeof seconds === 'number' ? clock(new Date(seconds * 1000).toISOString()) : String(seconds)
