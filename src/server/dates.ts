import { badRequest } from './errors.ts'

/** Microseconds since 1970: what messages are ordered and dated by. Fits a JavaScript number until the year 2255. */
export type Micros = number

/** `performance` alone would drift: it stands still while the machine sleeps, and does not hear of a clock that is set. */
export const nowMicros = (): Micros => Date.now() * 1000 + (Math.floor(performance.now() * 1000) % 1000)

/** `2017-05-20T13:56:46.750428+00:00`: microseconds and a numeric offset, never `Z`, as HipChat's recorded payloads have it. */
export function formatDate(at: Micros, timezone = 'UTC'): string {
  const millis = Math.floor(at / 1000)
  const offset = timezone === 'UTC' ? 0 : offsetMinutes(millis, timezone)
  const local = new Date(millis + offset * 60_000).toISOString().slice(0, -1)
  const micros = String(at - millis * 1000).padStart(3, '0')
  const sign = offset < 0 ? '-' : '+'
  const minutes = Math.abs(offset)
  return `${local}${micros}${sign}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** Seconds are enough for `created` and the like: `2013-08-08T18:42:20+00:00`. */
export const formatSeconds = (at: Micros): string =>
  `${new Date(Math.floor(at / 1000)).toISOString().slice(0, 19)}+00:00`

/** Refuses a name that is not in the tz database. */
export function checkTimezone(name: string, field = 'timezone'): string {
  if (!isTimezone(name))
    throw badRequest(`${field} must be a name of the tz database such as Europe/Berlin`, field, {
      validation: 'format',
      value: name,
    })
  return name
}

export function isTimezone(name: string): boolean {
  try {
    offsetFormat(name)
    return true
  } catch {
    return false
  }
}

/** ISO 8601 with or without an offset (then UTC), or UNIX seconds. */
export function parseDate(text: string, field: string): Micros {
  if (/^\d{1,11}(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1_000_000)
  const parts =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?)?(Z|[+\- ]\d\d:?\d\d)?$/i.exec(text)
  if (parts) {
    const [, day, time = '00:00:00', fraction = '', zone = 'Z'] = parts
    // An offset's plus sign arrives as a blank unless the client wrote %2B.
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

// Date.parse takes the 30th of February for the 2nd of March.
const isDay = (day = ''): boolean => new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)

const formats = new Map<string, Intl.DateTimeFormat>()

/** Kept: making one takes a hundred times as long as using it, and a page of history has a thousand dates. */
function offsetFormat(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' })
    if (formats.size >= 1000) formats.clear() // names come in any mixture of cases
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
