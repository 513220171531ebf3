import { boolean, integer, string } from '../../common/schema.ts'
import { longest } from '../bounds.ts'

/** Query parameters that several operations share. */

export const expand = string({
  maxLength: longest.line,
  description: 'names of what to expand, separated by commas',
})

export const offset = {
  'start-index': integer({ minimum: 0, default: 0 }),
  'max-results': integer({ minimum: 0, maximum: 1000, default: 100 }),
} as const

export const timezone = string({ maxLength: longest.word, default: 'UTC', description: 'tz database name' })

export const include_deleted = boolean({
  default: true,
  description: 'deleted messages come back without their text',
})

/** Of a history that is paged back from a date. */
export const history = {
  date: string({
    maxLength: longest.word,
    description: 'ISO 8601, UNIX seconds, or `recent`: the newest, which is also the default',
  }),
  timezone,
  ...offset,
  reverse: boolean({ default: true, description: 'oldest first within the page' }),
  'end-date': string({
    maxLength: longest.word,
    description: 'earliest date; only together with a dated `date`',
  }),
  include_deleted,
} as const

/** Of a history's newest messages. */
export const latestHistory = {
  'not-before': string({
    maxLength: longest.reference,
    description: 'id of a message; nothing older than it is returned',
  }),
  timezone,
  'max-results': integer({ minimum: 0, maximum: 1000, default: 100 }),
  include_deleted,
} as const
