import { boolean, integer, string } from '../../common/schema.ts'
import { longest } from '../bounds.ts'

/** Query parameters that several operations share. */

export const expand = string({
  maxLength: longest.line,
  description: 'names of the members to expand, separated by commas',
})

/** Parameters of a collection that is read page by page. */
export const offset = {
  'start-index': integer({ minimum: 0, default: 0 }),
  'max-results': integer({ minimum: 0, maximum: 1000, default: 100 }),
} as const

/** The time zone in which the days of a history are counted. */
export const timezone = string({ maxLength: longest.word, default: 'UTC', description: 'tz database name' })

/** Whether a history contains deleted messages. */
export const include_deleted = boolean({
  default: true,
  description: 'includes deleted messages, without their text',
})

/** Parameters of a history that is read from a date backwards. */
export const history = {
  date: string({
    maxLength: longest.word,
    description: 'ISO 8601, UNIX seconds, or `recent` for the newest, which is the default',
  }),
  timezone,
  ...offset,
  reverse: boolean({ default: true, description: 'oldest first within the page' }),
  'end-date': string({
    maxLength: longest.word,
    description: 'earliest date; only if `date` is a date',
  }),
  include_deleted,
} as const

/** Parameters of a history's newest messages. */
export const latestHistory = {
  'not-before': string({
    maxLength: longest.reference,
    description: 'id of a message; older messages are not returned',
  }),
  timezone,
  'max-results': integer({ minimum: 0, maximum: 1000, default: 100 }),
  include_deleted,
} as const
