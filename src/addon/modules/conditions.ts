import { conditionNames } from '../../api/descriptor.ts'
import { typeName } from '../../common/validate.ts'
import { ConfigurationError } from '../../errors.ts'
import {
  anyText,
  type Check,
  type Checks,
  checkMembers,
  elsewhere,
  flag,
  isRecord,
  oneOf,
} from '../../option-checks.ts'

interface Invertible {
  /** `true`: it holds where it would not. Default false. */
  readonly invert?: boolean
}

/** Holds or not wherever the module would be shown. */
export interface PlaceCondition extends Invertible {
  readonly condition: 'room_is_public' | 'user_is_admin' | 'user_is_guest' | 'user_is_room_owner'
}

/**
 * Compares what is found under a dotted path in metadata with a value. `eq` is strict; without metadata nothing holds.
 */
export type MetadataCondition = { readonly attr: string } & (
  | { readonly eq: string | number | boolean | null }
  | { readonly lt: number }
  | { readonly gt: number }
)

/** Holds or not for a message, so only of an action on messages. */
export type MessageCondition = Invertible &
  (
    | { readonly condition: 'message_contains_link' | 'message_sent_by_current_user' }
    | {
        readonly condition: 'message_matches'
        /** All that are given must fit. */
        readonly params: {
          /** Such as `message` or `notification`. */
          readonly type?: string
          /** Of a shared file; pictures are `img`. */
          readonly file_type?: string
          /** Found anywhere in the text. Clients run it, as a JavaScript expression. */
          readonly regex?: RegExp
          /** The sender's full name. */
          readonly sender?: string
        }
      }
    | {
        readonly condition: 'card_matches'
        /** All that are given must fit. A card of an add-on has its key as `sender_addon_key` in the metadata. */
        readonly params: {
          readonly style?: 'application' | 'file' | 'image' | 'link' | 'media'
          readonly metadata?: readonly MetadataCondition[]
        }
      }
  )

/** Looks at the `metadata` of the glance's content; until that is there, the glance is hidden. */
export interface GlanceCondition extends Invertible {
  readonly condition: 'glance_matches'
  readonly params: { readonly metadata: readonly MetadataCondition[] }
}

interface Composite<C> {
  readonly type: 'and' | 'or'
  readonly conditions: readonly C[]
}

/** Under which conditions a module is shown: all of the list hold. Two levels of `and` and `or`, and no third. */
export type Conditions<Leaf> = readonly (Leaf | Composite<Leaf | Composite<Leaf>>)[]

/** What conditions can look at, where a module is. */
export type ConditionPlace = 'glances' | 'web panels' | 'message actions' | 'input actions'

type Name = (typeof conditionNames)[number]

interface Kind {
  /** Where it can hold; everywhere if that is not said. */
  readonly places?: readonly ConditionPlace[]
  readonly params?: Checks<Record<string, unknown>>
}

const metadata: Check = (value) => {
  if (!Array.isArray(value)) return `a list such as [{ attr: 'state', eq: 'open' }], came ${typeName(value)}`
  for (const entry of value) {
    const operators = isRecord(entry) ? Object.keys(entry).filter((name) => name !== 'attr') : []
    const [operator = ''] = operators
    if (!isRecord(entry) || typeof entry['attr'] !== 'string' || operators.length !== 1)
      return "a list of an attr and one of eq, lt, gt each, such as { attr: 'state', eq: 'open' }"
    const operand = entry[operator]
    const fits =
      operator === 'eq'
        ? operand === null || ['string', 'number', 'boolean'].includes(typeof operand)
        : ['lt', 'gt'].includes(operator) && typeof operand === 'number'
    if (!fits)
      return `comparisons by eq with a text, number or boolean, or by lt or gt with a number; came ${operator} with ${typeName(operand)}`
  }
  return undefined
}

const onMessages = { places: ['message actions'] } as const

/** HipChat's conditions, and what each may be told. */
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
      // The client compiles what it is given, and takes any failure for no.
      regex: (value) =>
        value instanceof RegExp ? undefined : `a RegExp such as /^decision:/i, came ${typeName(value)}`,
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

/** Levels of composites in HipChat's schema. */
const DEEPEST = 2

/**
 * Checks conditions and gives them as descriptors have them. Refuses those that could never hold where they are: a
 * client takes them for false, and what is meant to be shown would never be.
 */
export function readConditions(what: string, given: unknown, place: ConditionPlace): object[] {
  if (!Array.isArray(given))
    throw new ConfigurationError(
      `${what}: expected conditions to be a list such as [{ condition: 'user_is_admin' }], came ${typeName(given)}`,
    )
  return given.map((entry, index) => readCondition(`${what}, conditions.${index}`, entry, place, 0))
}

function readCondition(what: string, given: unknown, place: ConditionPlace, depth: number): object {
  if (isRecord(given) && 'type' in given) {
    if (depth === DEEPEST)
      throw new ConfigurationError(`${what}: “and” and “or” can be nested ${DEEPEST} levels deep`)
    const checks = { type: oneOf('and', 'or'), conditions: elsewhere }
    checkMembers<{ type: string; conditions: unknown }>(what, given, checks, ['type', 'conditions'])
    const { type, conditions } = given
    if (!Array.isArray(conditions))
      throw new ConfigurationError(`${what}: expected conditions to be a list, came ${typeName(conditions)}`)
    return {
      type,
      conditions: conditions.map((entry, index) =>
        readCondition(`${what}.${index}`, entry, place, depth + 1),
      ),
    }
  }
  const checks = { condition: oneOf(...conditionNames), params: elsewhere, invert: flag }
  checkMembers<{ condition: Name; params?: unknown; invert?: boolean }>(what, given, checks, ['condition'])
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
  if (!checks) throw new ConfigurationError(`${what}: it takes no params`)
  if (given === undefined) throw new ConfigurationError(`${what}: the option params is missing`)
  checkMembers(`${what}, params`, given, checks, [])
  const { regex, ...others } = given
  if (!(regex instanceof RegExp)) return others
  const { source: pattern, flags } = regex
  return { ...others, regex: { pattern, flags } }
}
