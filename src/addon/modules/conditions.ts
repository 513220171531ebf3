import { conditionNames } from '../../api/descriptor.ts'
import {
  anyText,
  type Check,
  type Checks,
  elsewhere,
  expecting,
  flag,
  listOf,
  oneOf,
  optionsFault,
  refusal,
  string,
} from '../../common/checks.ts'
import { isRecord } from '../../common/is-record.ts'
import { typeName } from '../../common/validate.ts'
import { ConfigurationError } from '../../errors.ts'
import { checkOptions } from '../../option-checks.ts'

interface Invertible {
  /** `true` inverts the condition. Default false. */
  readonly invert?: boolean
}

/** A condition on the room or the user. It is for all modules that have conditions. */
export interface PlaceCondition extends Invertible {
  /** What must hold when the module is shown. */
  readonly condition: 'room_is_public' | 'user_is_admin' | 'user_is_guest' | 'user_is_room_owner'
}

/**
 * Compares the value at `attr`, a dotted path in metadata, with another value. `eq` is strict. Without
 * metadata, no condition holds.
 */
export type MetadataCondition = { readonly attr: string } & (
  | { readonly eq: string | number | boolean | null }
  | { readonly lt: number }
  | { readonly gt: number }
)

/** A condition on a message, only for actions in the menu of messages. */
export type MessageCondition = Invertible &
  (
    | { readonly condition: 'message_contains_link' | 'message_sent_by_current_user' }
    | {
        readonly condition: 'message_matches'
        /** All given parameters must match. */
        readonly params: {
          /** Type of the message, such as `message` or `notification`. */
          readonly type?: string
          /** Type of the shared file, `img` for pictures. */
          readonly file_type?: string
          /** Matches anywhere in the text. Clients run it as a JavaScript regular expression. */
          readonly regex?: RegExp
          /** The sender's full name. */
          readonly sender?: string
        }
      }
    | {
        readonly condition: 'card_matches'
        /** All given parameters must match. */
        readonly params: {
          /** Style of the card. */
          readonly style?: 'application' | 'file' | 'image' | 'link' | 'media'
          /**
           * Comparisons with the card's metadata. An add-on's card has the add-on's key in
           * `sender_addon_key`.
           */
          readonly metadata?: readonly MetadataCondition[]
        }
      }
  )

/** A condition on the `metadata` of a glance's content. Until the content has loaded, the glance is hidden. */
export interface GlanceCondition extends Invertible {
  /** Compares the metadata of the glance's content. */
  readonly condition: 'glance_matches'
  /** All comparisons must hold. */
  readonly params: { readonly metadata: readonly MetadataCondition[] }
}

interface Composite<C> {
  readonly type: 'and' | 'or'
  readonly conditions: readonly C[]
}

/**
 * The conditions for showing a module: all conditions in the list must hold. `and` and `or` combine
 * conditions, up to two levels deep.
 */
export type Conditions<Leaf> = readonly (Leaf | Composite<Leaf | Composite<Leaf>>)[]

/** The places where modules can have conditions. */
export type ConditionPlace = 'glances' | 'web panels' | 'message actions' | 'input actions'

type Name = (typeof conditionNames)[number]

interface Kind {
  /** The places where it can hold. Default: all. */
  readonly places?: readonly ConditionPlace[]
  readonly params?: Checks<Record<string, unknown>>
}

const number = expecting('a number', (value) => typeof value === 'number')

const operands: Checks<Record<'eq' | 'lt' | 'gt', unknown>> = {
  eq: expecting(
    'a string, number, boolean or null',
    (value) => value === null || ['string', 'number', 'boolean'].includes(typeof value),
  ),
  lt: number,
  gt: number,
}

const comparison: Check = (value, name) => {
  const fault = optionsFault(value, { attr: string, ...operands }, ['attr'], name)
  if (fault) return fault
  const given = Object.keys(operands).filter((operator) => isRecord(value) && value[operator] !== undefined)
  if (given.length === 1) return undefined
  const expected = "an object with one of eq, lt, gt, such as { attr: 'state', eq: 'open' }"
  return refusal(name, expected, given.join(', ') || 'none')
}

const metadata = listOf("comparisons such as { attr: 'state', eq: 'open' }", comparison)

const onMessages = { places: ['message actions'] } as const

/** HipChat's conditions, with the places and parameters of each. */
const kinds: { readonly [N in Name]: Kind } = {
  room_is_public: {},
  user_is_admin: {},
  user_is_guest: {},
  user_is_room_owner: {},
  message_matches: {
    ...onMessages,
    params: {
      type: anyText,
      file_type: anyText,
      // The client compiles the expression, and any error counts as no match.
      regex: expecting('a RegExp such as /^decision:/i', (value) => value instanceof RegExp),
      sender: anyText,
    },
  },
  message_contains_link: onMessages,
  message_sent_by_current_user: onMessages,
  card_matches: {
    ...onMessages,
    params: { style: oneOf('application', 'file', 'image', 'link', 'media'), metadata },
  },
  glance_matches: { places: ['glances'], params: { metadata } },
}

/** Number of nested composites that HipChat's schema allows. */
const deepestNesting = 2

/**
 * Checks conditions and returns them in the form of descriptors. Throws a {@link ConfigurationError}, also
 * for a condition that can never hold at this place: clients treat it as false, so the module would never be
 * shown.
 */
export function readConditions(what: string, given: unknown, place: ConditionPlace): object[] {
  if (!Array.isArray(given))
    throw new ConfigurationError(
      `${what}: expected conditions to be a list such as [{ condition: 'user_is_admin' }], got ${typeName(given)}`,
    )
  return given.map((entry, index) => readCondition(`${what}, conditions.${index}`, entry, place, 0))
}

function readCondition(what: string, given: unknown, place: ConditionPlace, depth: number): object {
  if (isRecord(given) && 'type' in given) {
    if (depth === deepestNesting)
      throw new ConfigurationError(`${what}: “and” and “or” can be nested ${deepestNesting} levels deep`)
    const checks = { type: oneOf('and', 'or'), conditions: elsewhere }
    checkOptions<{ type: string; conditions: unknown }>(what, given, checks, ['type', 'conditions'])
    const { type, conditions } = given
    if (!Array.isArray(conditions))
      throw new ConfigurationError(`${what}: expected conditions to be a list, got ${typeName(conditions)}`)
    return {
      type,
      conditions: conditions.map((entry, index) =>
        readCondition(`${what}.${index}`, entry, place, depth + 1),
      ),
    }
  }
  const checks = { condition: oneOf(...conditionNames), params: elsewhere, invert: flag }
  checkOptions<{ condition: Name; params?: unknown; invert?: boolean }>(what, given, checks, ['condition'])
  const { condition, params, invert } = given
  const kind = kinds[condition]
  if (kind.places && !kind.places.includes(place))
    throw new ConfigurationError(
      `${what}: ${condition} is for ${kind.places.join(', ')} only; it can never hold for ${place}`,
    )
  return {
    condition,
    ...(params === undefined && !kind.params
      ? {}
      : { params: readParams(`${what}, ${condition}`, params, kind) }),
    ...(invert === undefined ? {} : { invert }),
  }
}

function readParams(what: string, given: unknown, { params: checks }: Kind): object {
  if (!checks) throw new ConfigurationError(`${what}: this condition has no params`)
  if (given === undefined) throw new ConfigurationError(`${what}: the option params is missing`)
  checkOptions(`${what}, params`, given, checks)
  const { regex, ...others } = given
  if (!(regex instanceof RegExp)) return others
  const { source: pattern, flags } = regex
  return { ...others, regex: { pattern, flags } }
}
