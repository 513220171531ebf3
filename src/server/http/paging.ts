import type { Page } from '../../api/objects.ts'
import { chunkLength, createPace, nextTurn } from '../../common/next-turn.ts'

interface PageRequest {
  readonly 'start-index'?: number
  readonly 'max-results'?: number
}

/** Start and length of a page, with HipChat's defaults. */
export const pageRange = (parameters: PageRequest): { start: number; length: number } => ({
  start: parameters['start-index'] ?? 0,
  length: parameters['max-results'] ?? 100,
})

/**
 * Most bytes of one page's items as JSON: half of what our own client accepts in an answer. A thousand messages
 * with cards would have a hundred times as many.
 */
export const largestPage = 4 * 1024 * 1024

/** Bytes of items built in one turn of the event loop, which takes a millisecond or two. */
const bytesPerTurn = 16 * 1024

/**
 * The first of some items, as many as `length` and {@link largestPage} allow, but at least one: a page without items
 * looks like the end. Only the returned items are built, a few in each turn of the event loop.
 */
export async function fitting<T, R>(
  all: Iterable<T> | AsyncIterable<T>,
  length: number,
  show: (one: T) => R | Promise<R>,
): Promise<R[]> {
  const taken: R[] = []
  if (length <= 0) return taken
  const pace = createPace(bytesPerTurn)
  let size = 0
  for await (const one of all) {
    const item = await show(one)
    const bytes = Buffer.byteLength(JSON.stringify(item))
    size += bytes
    if (size > largestPage && taken.length > 0) break
    taken.push(item)
    if (taken.length === length) break
    await pace(bytes)
  }
  return taken
}

/** One page of a whole list; only the items on it are presented. */
export async function page<T, R>(
  all: readonly T[],
  parameters: PageRequest,
  url: URL,
  show: (one: T) => R | Promise<R>,
): Promise<Page<R>> {
  const { start, length } = pageRange(parameters)
  const items = await fitting(all.slice(start, start + length), length, show)
  return pageOf(items, start + items.length < all.length, parameters, url)
}

/** At most `limit` records ordered by id, starting at an id. */
export type Walk<T> = (from: number, limit: number) => readonly T[]

/** All records of a walk that match, a few in each turn of the event loop. */
export async function* walked<T extends { readonly id: number }>(
  walk: Walk<T>,
  isWanted: (item: T) => boolean,
): AsyncGenerator<readonly T[]> {
  for (let from = 0; ; ) {
    const chunk = walk(from, chunkLength)
    yield chunk.filter(isWanted)
    const last = chunk.at(-1)
    if (last === undefined || chunk.length < chunkLength) return
    from = last.id + 1
    await nextTurn()
  }
}

/** One page of a list that is too long to read in one turn of the event loop. */
export async function pageOfWalk<T extends { readonly id: number }, R>(
  walk: Walk<T>,
  isWanted: (item: T) => boolean,
  parameters: PageRequest,
  url: URL,
  show: (one: T) => R | Promise<R>,
): Promise<Page<R>> {
  const { start, length } = pageRange(parameters)
  const found: T[] = [] // one more shows whether there is a next page
  let passed = 0
  for await (const chunk of walked(walk, isWanted)) {
    const skipped = Math.min(chunk.length, Math.max(0, start - passed))
    found.push(...chunk.slice(skipped, skipped + length + 1 - found.length))
    passed += chunk.length
    if (found.length > length) break
  }
  const items = await fitting(found, length, show)
  return pageOf(items, items.length < found.length, parameters, url)
}

/**
 * Puts items into HipChat's page object. Links are absolute. Links to other pages keep the query parameters. `next` is
 * present when more items follow, and starts after the last item, even when the page has fewer items than requested.
 * `self` is the collection without a query string, as in HipChat's answers. There is no total.
 */
export function pageOf<T>(items: T[], more: boolean, parameters: PageRequest, url: URL): Page<T> {
  const { start, length } = pageRange(parameters)
  const at = (index: number) => {
    const link = new URL(url)
    link.searchParams.set('start-index', String(index))
    link.searchParams.set('max-results', String(length))
    return link.href
  }
  return {
    items,
    startIndex: start,
    maxResults: length,
    links: {
      self: url.origin + url.pathname,
      ...(start > 0 && length > 0 ? { prev: at(Math.max(0, start - length)) } : {}),
      ...(more && length > 0 ? { next: at(start + items.length) } : {}),
    },
  }
}
