import type { Page } from '../../api/objects.ts'

interface PageRequest {
  readonly 'start-index'?: number
  readonly 'max-results'?: number
}

/** Where a page begins and how long it is; HipChat's defaults. */
export const pageRange = (parameters: PageRequest): { start: number; length: number } => ({
  start: parameters['start-index'] ?? 0,
  length: parameters['max-results'] ?? 100,
})

/** One page of a whole list. */
export function page<T>(all: readonly T[], parameters: PageRequest, url: URL): Page<T> {
  const { start, length } = pageRange(parameters)
  return pageOf(all.slice(start, start + length), start + length < all.length, parameters, url)
}

/**
 * Puts items into HipChat's page. Links are absolute and keep the other query parameters; `next` is there while more
 * follows. There is no total.
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
      self: url.href,
      ...(start > 0 && length > 0 ? { prev: at(Math.max(0, start - length)) } : {}),
      ...(more && length > 0 ? { next: at(start + length) } : {}),
    },
  }
}
