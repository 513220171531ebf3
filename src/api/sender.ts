import type { Person } from './events.ts'

/** Who caused an event: a person, or an integration that has a name and no more. */
export interface Sender {
  /** HipChat's id of the person; means nothing on another server. */
  readonly id: number | undefined
  /** Full name of the person, or name of the integration. */
  readonly name: string
  /** Without the `@`. */
  readonly mention_name: string | undefined
}

/** Makes one form of the many in which HipChat named who did something. */
export function readSender(value: unknown): Sender | undefined {
  if (typeof value === 'string') return { id: undefined, name: value, mention_name: undefined }
  if (typeof value !== 'object' || value === null) return undefined
  const { id, name, mention_name }: Person = value
  // An add-on's OAuth client has an id too, which is nobody's user id.
  if ('allowed_scopes' in value) return { id: undefined, name: name ?? '', mention_name: undefined }
  return {
    id: id === undefined ? undefined : readId(id),
    name: typeof name === 'string' ? name : '',
    mention_name: typeof mention_name === 'string' ? mention_name : undefined,
  }
}

/** An id as the number it is; some test data and documentation has text. */
export function readId(id: unknown): number | undefined {
  const number = typeof id === 'string' && /^\d{1,15}$/.test(id) ? Number(id) : id
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined
}
