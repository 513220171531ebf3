import { type StateDatabase, table } from './table.ts'

/** Bytes that are read in pieces, so that they never are in memory as a whole. */
export interface Bytes {
  readonly size: number
  /** The bytes from `from` up to `to`, which is excluded. Throws when they were removed meanwhile. */
  read(from: number, to: number): Iterable<Uint8Array>
}

/** A record with bytes, stored by its id. */
interface Blob {
  readonly id: string
  readonly bytes: Uint8Array
}

/** A stored blob, with its bytes. */
export type Kept<B extends Blob> = Omit<B, 'bytes'> & { readonly content: Bytes }

/** Blobs of one kind, stored in pieces. */
export interface Blobs<B extends Blob> {
  get(id: string): Kept<B> | undefined
  put(blob: B): void
  remove(id: string): void
  /** Splits what an earlier version stored in one piece: one blob per call; false when none is left. */
  migrate(): boolean
}

/** Bytes that are read, and held, at a time. */
export const pieceLength = 64 * 1024

type Entry<B extends Blob> = Omit<B, 'bytes'> & { readonly size: number }

/**
 * Creates blobs of one kind: an entry for each, and its bytes in pieces of {@link pieceLength}. Write only inside a
 * transaction.
 */
export function createBlobs<B extends Blob>(db: StateDatabase, name: string): Blobs<B> {
  const entries = table<Entry<B> | B>(db, name)
  const pieces = table<Uint8Array>(db, `${name}Piece`)

  const isWhole = (entry: Entry<B> | B): entry is B => 'bytes' in entry

  function contentOf(id: string, size: number): Bytes {
    return {
      size,
      *read(from, to) {
        for (let at = from; at < to; ) {
          const begin = at - (at % pieceLength)
          const piece = pieces.get(id, begin / pieceLength)
          if (!piece) throw new Error(`the ${name} ${id} was removed while it was read`)
          const end = Math.min(to, begin + piece.length)
          yield piece.subarray(at - begin, end - begin)
          at = end
        }
      },
    }
  }

  function put({ bytes, ...known }: B): void {
    entries.put([known.id], { ...known, size: bytes.length } as Entry<B>) // all but the bytes, and their number
    for (let at = 0; at < bytes.length; at += pieceLength)
      pieces.put([known.id, at / pieceLength], bytes.subarray(at, at + pieceLength))
  }

  return {
    get(id) {
      const entry = entries.get(id)
      if (!entry || isWhole(entry)) return undefined
      const { size, ...known } = entry
      return { ...known, content: contentOf(id, size) } as unknown as Kept<B> // what `put` took, without its bytes
    },
    put,
    remove(id) {
      const entry = entries.get(id)
      if (!entry) return
      if (!isWhole(entry))
        for (let at = 0; at < entry.size; at += pieceLength) pieces.remove(id, at / pieceLength)
      entries.remove(id)
    },
    migrate() {
      for (const entry of entries.each())
        if (isWhole(entry)) {
          put(entry)
          return true
        }
      return false
    },
  }
}

/** Bytes in memory, as {@link Bytes}. */
export const inMemory = (bytes: Uint8Array): Bytes => ({
  size: bytes.length,
  *read(from, to) {
    for (let at = from; at < to; at += pieceLength) yield bytes.subarray(at, Math.min(to, at + pieceLength))
  },
})
