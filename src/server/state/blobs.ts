import { type StateDatabase, table } from './table.ts'

/** Bytes that are read piece by piece, so that nobody holds all of them. */
export interface Bytes {
  readonly size: number
  /** The bytes from one place up to another, which is left out. Throws when they were removed meanwhile. */
  read(from: number, to: number): Iterable<Uint8Array>
}

/** Something with bytes, kept by its id. */
interface Blob {
  readonly id: string
  readonly bytes: Uint8Array
}

/** What is known of a blob, and its bytes. */
export type Kept<B extends Blob> = Omit<B, 'bytes'> & { readonly content: Bytes }

export interface Blobs<B extends Blob> {
  get(id: string): Kept<B> | undefined
  put(blob: B): void
  remove(id: string): void
  /** Takes apart what an earlier version kept in one piece: one blob for each call, and false when there is none left. */
  migrate(): boolean
}

/** Bytes that are read, and held, at a time. */
export const pieceLength = 64 * 1024

type Entry<B extends Blob> = Omit<B, 'bytes'> & { readonly size: number }

/** Blobs of one kind: an entry for each, and its bytes in pieces of {@link pieceLength}. Writing is for the inside of a transaction. */
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
    entries.put([known.id], { ...known, size: bytes.length } as Entry<B>) // all but the bytes, and how many there are
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

/** Bytes that are in memory anyway, for whoever reads {@link Bytes}. */
export const inMemory = (bytes: Uint8Array): Bytes => ({
  size: bytes.length,
  *read(from, to) {
    for (let at = from; at < to; at += pieceLength) yield bytes.subarray(at, Math.min(to, at + pieceLength))
  },
})
