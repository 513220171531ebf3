import { boolean, integer, string } from '../../common/schema.ts'

/** Query parameters that several operations share. */

export const expand = string({ description: 'names of what to expand, separated by commas' })

export const offset = {
  'start-index': integer({ minimum: 0, default: 0 }),
  'max-results': integer({ minimum: 0, maximum: 1000, default: 100 }),
} as const

export const timezone = string({ default: 'UTC', description: 'tz database name' })

export const include_deleted = boolean({
  default: true,
  description: 'deleted messages come back without their text',
})
