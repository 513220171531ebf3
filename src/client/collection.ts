import type { Page } from '../api/objects.ts'

/**
 * A collection that is fetched as far as it is needed. `await` returns the first page; `for await` iterates over all items
 * and fetches one page after the other; `pages()` iterates over the pages. No request is sent before that.
 */
export interface Collection<Item> extends PromiseLike<Page<Item>>, AsyncIterable<Item> {
  /** Iterates over the pages. */
  pages(): AsyncIterable<Page<Item>>
  /** Fetches all items. */
  toArray(): Promise<Item[]>
}

/** Creates a collection; `load` fetches the page that begins at the given index. */
export function createCollection<Item>(
  load: (startIndex: number) => Promise<Page<Item>>,
  startIndex: number,
): Collection<Item> {
  async function* pages(): AsyncGenerator<Page<Item>, void, undefined> {
    let index: number | undefined = startIndex
    let before: string | undefined
    while (index !== undefined) {
      const page: Page<Item> = await load(index)
      const content = JSON.stringify(page.items)
      if (content === before) return // the server ignores start-index, and would return this page forever
      before = content
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
 * The index of the next page; `undefined` after the last. `links.next` tells that there is one, but its address is not
 * used: it could point anywhere and would get our token. Without `links`, a page that is not full is the last.
 */
function nextIndex<Item>(page: Page<Item>, index: number): number | undefined {
  const { items, links, maxResults } = page
  if (!links) return items.length > 0 && items.length === maxResults ? index + items.length : undefined
  if (!links.next) return undefined
  const named = /[?&]start-index=(\d+)/.exec(links.next)?.[1]
  const next = named === undefined ? index + Math.max(items.length, 1) : Number(named)
  return next > index ? next : undefined // ends with a server that names the same page forever
}
