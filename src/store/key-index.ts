import { createQueues } from './queues.ts'

/** Where the parts of the index are kept. */
export interface KeyIndexStorage {
  read(part: number): Promise<string | undefined>
  write(part: number, text: string): Promise<void>
  /** Removes the value of a key whose time is over, unless `isOver` has become false when it is its turn. */
  forget(key: string, isOver: () => boolean): Promise<void>
}

/** Remembers which keys there are, for storage that cannot list them. */
export interface KeyIndex {
  /** Resolves when the key is on record. `expiresAt` in milliseconds since 1970, none means for ever. */
  add(key: string, expiresAt: number | undefined): Promise<void>
  /** Takes a key off the record; that is written with the next `add`, a key too many does no harm. */
  remove(key: string): void
  keys(prefix: string): Promise<string[]>
}

interface Part {
  readonly number: number
  readonly keys: Map<string, number> // 0: for ever
  /** Counts changes, to know after a write whether there were more meanwhile. */
  version: number
  written: number
  writing: Promise<void> | undefined
}

// A new key rewrites the part it belongs to: many parts keep that short.
const parts = 64

/** An index for one process: it holds all keys in memory and reads the storage once. */
export function createKeyIndex(storage: KeyIndexStorage): KeyIndex {
  const loaded = new Map<number, Part>()
  const loading = createQueues()

  async function load(number: number): Promise<Part> {
    return loading.run(String(number), async () => {
      let part = loaded.get(number)
      if (!part) {
        const text = await storage.read(number)
        const pairs: [string, number][] = text === undefined ? [] : JSON.parse(text) // written by `save`
        part = { number, keys: new Map(pairs), version: 0, written: 0, writing: undefined }
        loaded.set(number, part)
      }
      return part
    })
  }

  /** Writes until everything known when called is on record; whoever comes meanwhile shares the next write. */
  async function save(part: Part): Promise<void> {
    const wanted = part.version
    while (part.written < wanted) {
      part.writing ??= writeOnce(part).finally(() => {
        part.writing = undefined
      })
      await part.writing
    }
  }

  async function writeOnce(part: Part): Promise<void> {
    dropExpired(part)
    const version = part.version
    await storage.write(part.number, JSON.stringify([...part.keys]))
    part.written = version
  }

  function dropExpired(part: Part): void {
    const now = Date.now()
    for (const [key, expiresAt] of part.keys) {
      if (expiresAt === 0 || expiresAt > now) continue
      part.keys.delete(key)
      storage.forget(key, () => !part.keys.has(key)).catch(() => {}) // it is over for every reader anyway
    }
  }

  return {
    async add(key, expiresAt = 0) {
      const part = await load(partOf(key))
      if (part.keys.get(key) !== expiresAt) {
        part.keys.set(key, expiresAt)
        part.version++
      }
      await save(part)
    },
    remove(key) {
      const part = loaded.get(partOf(key))
      if (part?.keys.delete(key)) part.version++
    },
    async keys(prefix) {
      const all = await Promise.all(Array.from({ length: parts }, (_, number) => load(number)))
      return all.flatMap((part) => [...part.keys.keys()].filter((key) => key.startsWith(prefix)))
    },
  }
}

// FNV-1a. The number of parts and this function are part of what is stored: changing them loses keys.
function partOf(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash >>> 0) % parts
}
