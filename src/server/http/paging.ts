import type { Page } from '../../api/objects.ts'
import { chunkLength, createPace, nextTurn } from '../../common/next-turn.ts'

interface PageRequest {
  readonly 'start-index'?: number
  readonly 'max-results'?: number
}

/** Where a page begins and how long it is; HipChat's defaults. */
export const pageRange = (parameters: PageRequest): { start: number; length: number } => ({
  start: parameters['start-index'] ?? 0,
  length: parameters['max-results'] ?? 100,
})

/**
 * Most bytes of the items of one page, written as JSON: half of what our own client takes for an answer. A thousand messages
 * with cards would be a hundred times as many.
 */
export const largestPage = 4 * 1024 * 1024

/** Bytes of items that are made in one turn of the event loop: what they are made of was looked up for a millisecond or two. */
const bytesPerTurn = 16 * 1024

/**
 * The first of some items, at most so many and as many as {@link largestPage} allows, but never none: a page without items
 * looks like the end. No more items are made than are taken, and only a few in each turn.
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

/** One page of a whole list, of which only the items on it are shown. */
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

/** So many records at most, by id, from an id on. */
export type Walk<T> = (from: number, limit: number) => readonly T[]

/** All records of a walk that are wanted, a few in each turn of the event loop. */
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

/** One page of what is too long to be looked at in one turn of the event loop. */
export async function pageOfWalk<T extends { readonly id: number }, R>(
  walk: Walk<T>,
  isWanted: (item: T) => boolean,
  parameters: PageRequest,
  url: URL,
  show: (one: T) => R | Promise<R>,
): Promise<Page<R>> {
  const { start, length } = pageRange(parameters)
  const found: T[] = [] // one more tells whether there is a next page
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
 * Puts items into HipChat's page. Links are absolute. Those to other pages keep the query parameters; `next` is there while more
 * follows, and begins behind the last item, also where there are fewer than were asked for. `self` is the collection, without a
 * query, as in real answers. There is no total.
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
