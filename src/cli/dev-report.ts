import type { ApiCall, DeliveryRecord } from '../server/index.ts'
import type { JobRun } from './log-line.ts'

/** Reports one event: `text` is for people, `members` for programs. */
export type Report = (event: string, members: object, text: string) => void

/** A delivery for programs. */
export function deliveryMembers({
  id,
  event,
  url,
  status,
  duration,
  error,
  replied,
  notPosted,
  redeliveryOf,
}: DeliveryRecord) {
  return {
    id,
    webhook: event,
    url,
    status: status ?? null,
    duration,
    error: error ?? null,
    replied,
    ...(notPosted === undefined ? {} : { notPosted }),
    redeliveryOf: redeliveryOf ?? null,
  }
}

/** A delivery for people. */
export const deliveryLine = ({
  event,
  url,
  status,
  duration,
  error,
  replied,
  notPosted,
  redeliveryOf,
}: DeliveryRecord) =>
  [
    String(status ?? '---'),
    `${event} -> ${url.slice(url.indexOf('/'))}`,
    `${duration} ms`,
    ...(error === undefined ? [] : [error]),
    ...(replied ? ['(the answer was posted)'] : []),
    ...(notPosted === undefined ? [] : [`(the answer was not posted: ${notPosted})`]),
    ...(redeliveryOf === undefined ? [] : [`(delivery ${redeliveryOf} again)`]),
  ].join('  ')

/** An API call for people. */
export const callLine = ({ operation, method, path, status, duration, error }: ApiCall) =>
  [
    String(status),
    `${operation ?? `${method} ${path}`} <-`,
    `${duration} ms`,
    ...(error === null ? [] : [error]),
  ].join('  ')

/** A job that has run, for people. */
export const jobLine = ({ kind, name, attempt, outcome, duration }: JobRun) =>
  [
    outcome,
    kind === 'delivery' ? `retry of ${name}` : `${kind} ${name}`,
    `${duration} ms`,
    ...(attempt > 1 ? [`(attempt ${attempt})`] : []),
  ].join('  ')
