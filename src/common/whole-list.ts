/** One part of a list that is too long for one answer. */
export interface ListPart<T> {
  readonly items: readonly T[]
  /** Asks for what follows. Nothing at the end, and from servers that give the whole list at once. */
  readonly next?: string | null
}

/** A whole list, part after part. `ask` gets what names the next one. */
export async function wholeList<T>(ask: (more: { after?: string }) => Promise<ListPart<T>>): Promise<T[]> {
  const all: T[] = []
  let more: { after?: string } | undefined = {}
  while (more) {
    const { items, next }: ListPart<T> = await ask(more)
    all.push(...items)
    more = next === undefined || next === null ? undefined : { after: next }
  }
  return all
}
