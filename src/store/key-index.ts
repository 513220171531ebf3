import { createKeyedQueue } from '../common/keyed-queue.ts'

/** The storage for the parts of the index. */
export interface KeyIndexStorage {
  /** Reads a part; `undefined` if it was never written. */
  read(part: number): Promise<string | undefined>
  /** Writes a part. */
  write(part: number, text: string): Promise<void>
  /** Removes the value of an expired key, unless `isOver` returns false by then. */
  forget(key: string, isOver: () => boolean): Promise<void>
}

/** An index of all keys, for storage that cannot list them. */
export interface KeyIndex {
  /** Resolves when the key is recorded. `expiresAt` is in milliseconds since 1970; without it, the key never expires. */
  add(key: string, expiresAt: number | undefined): Promise<void>
  /** Removes a key. The next `add` writes that, since an extra key does no harm. */
  remove(key: string): void
  /** All keys with the prefix. */
  keys(prefix: string): Promise<string[]>
}

interface Part {
  readonly number: number
  readonly keys: Map<string, number> // 0: never expires
  /** Counts changes, to know after a write whether there were more during it. */
  version: number
  written: number
  writing: Promise<void> | undefined
}

// A new key rewrites its whole part, so many parts keep that short.
const parts = 64

/** Creates an index for one process: it keeps all keys in memory and reads the storage once. */
export function createKeyIndex(storage: KeyIndexStorage): KeyIndex {
  const loaded = new Map<number, Part>()
  const loading = createKeyedQueue<number>()

  async function load(number: number): Promise<Part> {
    return loading.run(number, async () => {
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

  /** Writes until all changes before the call are recorded; calls during a write share the next one. */
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
      storage.forget(key, () => !part.keys.has(key)).catch(() => {}) // readers already treat it as expired
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
