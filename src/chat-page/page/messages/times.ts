const time = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' })
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })
const dayAndYear = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' })

/** Hour and minute. */
export const timeText = (date: string): string => time.format(new Date(date))

/** Everything from the day of the week to the second. */
export const fullDateText = (date: string): string => full.format(new Date(date))

/** A day may start earlier in the person's time zone than in the server's. */
export const dayOf = (date: string): string => new Date(date).toDateString()

/** The day for a line between messages: today, yesterday, or its date. */
export function dayText(date: string): string {
  const when = new Date(date)
  const today = new Date()
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1)
  if (when.toDateString() === today.toDateString()) return 'Today'
  if (when.toDateString() === yesterday.toDateString()) return 'Yesterday'
  return (when.getFullYear() === today.getFullYear() ? day : dayAndYear).format(when)
}
