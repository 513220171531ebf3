import type { Page } from '../api/objects.ts'

/**
 * A collection of HipChat's, read as far as it is needed. Awaited it gives the first page; with `for await` it gives
 * item after item, fetching page after page; `pages()` gives the pages. Nothing is sent before one of these.
 */
export interface Collection<Item> extends PromiseLike<Page<Item>>, AsyncIterable<Item> {
  pages(): AsyncIterable<Page<Item>>
  /** All items in a list. */
  toArray(): Promise<Item[]>
}

/** `load` fetches the page that begins at the given index. */
export function createCollection<Item>(
  load: (startIndex: number) => Promise<Page<Item>>,
  startIndex: number,
): Collection<Item> {
  async function* pages(): AsyncGenerator<Page<Item>, void, undefined> {
    let index: number | undefined = startIndex
    let before: string | undefined
    while (index !== undefined) {
      const page: Page<Item> = await load(index)
      const items = JSON.stringify(page.items)
      if (items === before) return // the server does not heed start-index, and would give this page for ever
      before = items
      yield page
      index = nextIndex(page, index)
    }
  }
  async function* items(): AsyncGenerator<Item, void, undefined> {
    for await (const page of pages()) yield* page.items
  }
  return {
    // biome-ignore lint/suspicious/noThenProperty: awaiting a collection gives its first page; that is what it is for
    then: (resolve, reject) => load(startIndex).then(resolve, reject),
    [Symbol.asyncIterator]: items,
    pages,
    async toArray() {
      const all: Item[] = []
      for await (const item of items()) all.push(item)
      return all
    },
  }
}

/**
 * Where the next page begins. `links.next` says that there is one; its address is not followed, since it could point
 * anywhere and would get our token. Answers without `links` go on until a page is not full.
 */
function nextIndex<Item>(page: Page<Item>, index: number): number | undefined {
  const { items, links, maxResults } = page
  if (!links) return items.length > 0 && items.length === maxResults ? index + items.length : undefined
  if (!links.next) return undefined
  const named = /[?&]start-index=(\d+)/.exec(links.next)?.[1]
  const next = named === undefined ? index + Math.max(items.length, 1) : Number(named)
  return next > index ? next : undefined // a server that names the same page for ever is not followed for ever
}
