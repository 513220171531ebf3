import { type StateDatabase, table } from './table.ts'

/** Things that can be used once and for a limited time, stored by the hash of their secret. */
export interface OneTime<T> {
  get(hash: string): T | undefined
  put(hash: string, record: T): void
  remove(hash: string): boolean
  removeExpired(): void
  removeWhere(rule: (record: T) => boolean): void
}

/** Creates a table of things that can be used once. */
export function createOneTime<T extends { readonly oauthId: string; readonly expires: number }>(
  db: StateDatabase,
  name: string,
): OneTime<T> {
  const kept = table<{ hash: string; record: T }>(db, name)
  const removeWhere = (rule: (record: T) => boolean) => {
    for (const { hash, record } of kept.all()) if (rule(record)) kept.remove(hash)
  }
  return {
    get: (hash) => kept.get(hash)?.record,
    put: (hash, record) => kept.put([hash], { hash, record }),
    remove: (hash) => kept.remove(hash),
    removeExpired: () => removeWhere(({ expires }) => expires <= Date.now()),
    removeWhere,
  }
}
