import { badRequest } from './errors.ts'

/**
 * Microseconds since 1970, by which messages are ordered and dated. Safe as a JavaScript number until the year
 * 2255.
 */
export type Micros = number

/**
 * The current time. `performance` alone would drift: it stops while the machine sleeps and ignores changes of the
 * clock.
 */
export const nowMicros = (): Micros => Date.now() * 1000 + (Math.floor(performance.now() * 1000) % 1000)

/**
 * Formats a time as `2017-05-20T13:56:46.750428+00:00`: microseconds and a numeric offset, never `Z`, as in
 * HipChat's recorded payloads.
 */
export function formatDate(at: Micros, timezone = 'UTC'): string {
  const millis = Math.floor(at / 1000)
  const offset = timezone === 'UTC' ? 0 : offsetMinutes(millis, timezone)
  const local = new Date(millis + offset * 60_000).toISOString().slice(0, -1)
  const micros = String(at - millis * 1000).padStart(3, '0')
  const sign = offset < 0 ? '-' : '+'
  const minutes = Math.abs(offset)
  return `${local}${micros}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** Formats a time with seconds only, for `created` and similar members: `2013-08-08T18:42:20+00:00`. */
export const formatSeconds = (at: Micros): string =>
  `${new Date(Math.floor(at / 1000)).toISOString().slice(0, 19)}+00:00`

/** Returns the name; 400 when it is not in the tz database. */
export function checkTimezone(name: string, field = 'timezone'): string {
  if (!isTimezone(name))
    throw badRequest(`${field} must be a name of the tz database such as Europe/Berlin`, field, {
      validation: 'format',
      value: name,
    })
  return name
}

/** Whether a name is in the tz database. */
export function isTimezone(name: string): boolean {
  try {
    offsetFormat(name)
    return true
  } catch {
    return false
  }
}

/** Parses an ISO 8601 date, UTC unless it has an offset, or UNIX seconds. 400 for anything else. */
export function parseDate(text: string, field: string): Micros {
  if (/^\d{1,11}(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1_000_000)
  const parts =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?(Z|[+\- ]\d\d:?\d\d)?$/i.exec(text)
  if (parts) {
    const [, day, time = '00:00:00', fraction = '', zone = 'Z'] = parts
    // An offset's plus sign arrives as a space unless the client wrote %2B.
    const offset = zone.replace(' ', '+').replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')
    const millis = Date.parse(`${day}T${time}${offset.toUpperCase()}`)
    if (!Number.isNaN(millis) && isDay(day))
      return millis * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6))
  }
  throw badRequest(`${field} must be an ISO 8601 date, UNIX seconds or recent`, field, {
    validation: 'format',
    value: text,
  })
}

// Date.parse reads the 30th of February as the 2nd of March.
const isDay = (day = ''): boolean => new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)

const formats = new Map<string, Intl.DateTimeFormat>()

/**
 * Formats are cached: creating one takes a hundred times as long as using it, and a page of history has a thousand
 * dates.
 */
function offsetFormat(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
    if (formats.size >= 1000) formats.clear() // the same name can arrive in any mix of cases
    formats.set(timeZone, format)
  }
  return format
}

function offsetMinutes(millis: number, timezone: string): number {
  const parts = offsetFormat(timezone)
    .formatToParts(new Date(millis))
    .find((part) => part.type === 'timeZoneName')?.value
  const match = /^GMT([+-])(\d\d):(\d\d)/.exec(parts ?? '')
  if (!match) return 0 // plain "GMT"
  const minutes = Number(match[2]) * 60 + Number(match[3])
  return match[1] === '-' ? -minutes : minutes
}

const two = (value: number): string => String(value).padStart(2, '0')
