import type { Message, Page } from '../../api/objects.ts'
import { checkTimezone, type Micros, parseDate } from '../dates.ts'
import { notFound } from '../errors.ts'
import { fitting, pageOf, pageRange } from '../http/paging.ts'
import type { HistoryRange } from '../state/timeline.ts'

/** The messages of one place: a room, or two people. */
export interface Place<M extends { readonly at: Micros }> {
  find(id: string): M | undefined
  /** Newest first, read as far as needed. */
  read(range: HistoryRange): Iterable<M>
  present(message: M, timezone: string): Message
}

interface HistoryRequest {
  readonly date?: string
  readonly 'end-date'?: string
  readonly 'start-index'?: number
  readonly 'max-results'?: number
  readonly reverse?: boolean
  readonly timezone?: string
}

/**
 * A page of history, counted back from the newest message, or from `date` if it is a date. Within a page the oldest
 * comes first unless `reverse` is false. A page with large messages has fewer of them, the newest of those
 * requested. Single messages are never deleted here, so `include_deleted` makes no difference.
 */
export async function historyPage<M extends { readonly at: Micros }>(
  place: Place<M>,
  parameters: HistoryRequest,
  url: URL,
): Promise<Page<Message>> {
  const timezone = checkTimezone(parameters.timezone ?? 'UTC')
  const dated = parameters.date !== undefined && parameters.date !== 'recent'
  const endDate = parameters['end-date']
  const { start, length } = pageRange(parameters)
  const range = {
    ...(dated ? { until: parseDate(parameters.date ?? '', 'date') } : {}),
    ...(dated && endDate !== undefined ? { since: parseDate(endDate, 'end-date') } : {}),
  }
  const found = readInParts(place, { ...range, offset: start, limit: length })
  const messages = await fitting(found, length, (message) => place.present(message, timezone))
  const [next] = place.read({ ...range, offset: start + messages.length, limit: 1 })
  if (parameters.reverse !== false) messages.reverse()
  return pageOf(messages, next !== undefined, parameters, url)
}

interface LatestRequest {
  readonly 'not-before'?: string
  readonly 'max-results'?: number
  readonly timezone?: string
}

/** The newest messages, oldest first, as many as fit on a page. */
export async function latestPage<M extends { readonly at: Micros }>(
  place: Place<M>,
  parameters: LatestRequest,
  url: URL,
): Promise<Page<Message>> {
  const timezone = checkTimezone(parameters.timezone ?? 'UTC')
  const notBefore = parameters['not-before']
  const oldest = notBefore === undefined ? undefined : findMessage(place, notBefore)
  const limit = parameters['max-results'] ?? 100
  const found = readInParts(place, { limit, ...(oldest ? { since: oldest.at } : {}) })
  const messages = await fitting(found, limit, (message) => place.present(message, timezone))
  return pageOf(messages.reverse(), false, { 'max-results': limit }, url)
}

const messagesPerPart = 25

/**
 * Newest first, as {@link Place.read} returns them, in separately read parts: other calls run between two parts,
 * and may write.
 */
async function* readInParts<M extends { readonly at: Micros }>(
  place: Place<M>,
  range: HistoryRange & { readonly limit: number },
): AsyncGenerator<M> {
  let rest = range
  while (rest.limit > 0) {
    const limit = Math.min(rest.limit, messagesPerPart)
    const part = [...place.read({ ...rest, limit })]
    yield* part
    const last = part.at(-1)
    if (last === undefined || part.length < limit) return
    rest = { ...rest, until: last.at - 1, offset: 0, limit: rest.limit - part.length }
  }
}

/** Finds a message by id. 404 when the place has none. */
export function findMessage<M extends { readonly at: Micros }>(place: Place<M>, id: string | number): M {
  const message = place.find(String(id))
  if (!message) throw notFound('Message', id)
  return message
}
