import { linksIn } from '../../../common/links.ts'
import type { PageRoom, PageUser } from '../../../server/chat-page/routes.ts'
import type { MessageParameters } from './parameters.ts'

/** A JavaScript regular expression from a descriptor. */
export interface Pattern {
  readonly pattern: string
  readonly flags: string
}

/** The data that conditions are evaluated with. */
export interface Subject {
  readonly room: Pick<PageRoom, 'privacy' | 'owner_id'>
  readonly user: Pick<PageUser, 'id' | 'is_group_admin' | 'is_guest'>
  readonly message?: MessageParameters
  /** The data of its card. */
  readonly cardStyle?: string | undefined
  /** The latest data of the glance. */
  readonly glance?: { readonly metadata?: unknown } | undefined
  /** Whether the message matches a pattern: computed before, with a time limit. Throws for a pattern that exceeded it. */
  readonly matches?: (pattern: Pattern) => boolean
}

type Parameters = Readonly<Record<string, unknown>>

/** The conditions that HipChat knew, and their meanings (`descriptor.md` 3). */
const conditions: Readonly<Record<string, (subject: Subject, parameters: Parameters) => boolean>> = {
  room_is_public: ({ room }) => room.privacy === 'public',
  user_is_admin: ({ user }) => user.is_group_admin === true,
  user_is_guest: ({ user }) => user.is_guest === true,
  user_is_room_owner: ({ room, user }) => room.owner_id === user.id,
  message_matches({ message, matches }, { type, file_type, sender, regex }) {
    if (!message) return false
    return (
      (type === undefined || type === message.type) &&
      (file_type === undefined || fileTypes(message).includes(String(file_type))) &&
      (sender === undefined || sender === message.sender.name) &&
      (regex === undefined || matches?.(patternOf(regex)) === true)
    )
  },
  message_contains_link: ({ message }) => message !== undefined && linksIn(message.body).length > 0,
  message_sent_by_current_user: ({ message, user }) => message?.sender.id === user.id,
  card_matches: ({ message, cardStyle }, { style, metadata }) =>
    message !== undefined &&
    (style === undefined || style === cardStyle) &&
    (metadata === undefined || holdsOf(message.metadata, metadata)),
  glance_matches: ({ glance }, { metadata }) => glance !== undefined && holdsOf(glance.metadata, metadata),
}

/**
 * Whether all of a module's conditions hold. An unknown condition does not hold, and does when inverted; if one
 * cannot be evaluated, the whole does not hold.
 */
export function holds(given: readonly unknown[], subject: Subject): boolean {
  try {
    return given.every((one) => holdsOne(one, subject))
  } catch {
    return false
  }
}

function holdsOne(condition: unknown, subject: Subject): boolean {
  const { condition: name, params, invert, type = 'and', conditions: inner } = recordOf(condition)
  if (Array.isArray(inner)) {
    switch (String(type).toLowerCase()) {
      case 'and':
        return inner.every((one) => holdsOne(one, subject))
      case 'or':
        return inner.some((one) => holdsOne(one, subject))
    }
    throw new Error(`There is no condition of type ${type}`)
  }
  const known = typeof name === 'string' && Object.hasOwn(conditions, name) ? conditions[name] : () => false
  return known?.(subject, params === undefined ? {} : recordOf(params)) !== (invert === true)
}

/** The patterns that conditions will match. */
export function patternsIn(given: readonly unknown[]): readonly Pattern[] {
  return given.flatMap((one) => {
    if (typeof one !== 'object' || one === null) return []
    if ('conditions' in one && Array.isArray(one.conditions)) return patternsIn(one.conditions)
    if (!('params' in one) || typeof one.params !== 'object' || one.params === null) return []
    try {
      return 'regex' in one.params ? [patternOf(one.params.regex)] : []
    } catch {
      return [] // reported when the condition is evaluated
    }
  })
}

/** Whether a glance waits for its data before it is shown. */
export const asksForGlance = (given: readonly unknown[]): boolean =>
  given.some((one) => {
    if (typeof one !== 'object' || one === null) return false
    if ('conditions' in one && Array.isArray(one.conditions)) return asksForGlance(one.conditions)
    return 'condition' in one && one.condition === 'glance_matches'
  })

function patternOf(regex: unknown): Pattern {
  const { pattern, flags = '' } = recordOf(regex)
  if (typeof pattern !== 'string' || typeof flags !== 'string')
    throw new Error('A regex must have a pattern and flags, both strings')
  return { pattern, flags }
}

/** Each entry compares one member, by a dotted path, in one way: the first of `eq`, `lt` and `gt` that it has. */
function holdsOf(metadata: unknown, entries: unknown): boolean {
  if (typeof metadata !== 'object' || metadata === null) return false
  return arrayOf(entries).every((entry) => {
    const { attr, ...wanted } = recordOf(entry)
    const found = memberAt(metadata, String(attr))
    if ('eq' in wanted) return found === wanted['eq']
    if ('lt' in wanted) return isLess(found, wanted['lt'])
    return 'gt' in wanted && isLess(wanted['gt'], found)
  })
}

function isLess(one: unknown, other: unknown): boolean {
  if (typeof one === 'number' && typeof other === 'number') return one < other
  return typeof one === 'string' && typeof other === 'string' && one < other
}

function memberAt(value: unknown, path: string): unknown {
  let found = value
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = Reflect.get(found, name)
  }
  return found
}

/** A picture was `img` in HipChat's own messages; the condition's parameters call it `image`. */
const fileTypes = ({ media }: MessageParameters): readonly string[] =>
  media === undefined || media.type === 'link' ? [] : media.type === 'image' ? ['img', 'image'] : [media.type]

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new Error('expected an object')
  return value as Readonly<Record<string, unknown>> // an object with any members
}

function arrayOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error('expected an array')
  return value
}
