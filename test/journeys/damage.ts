const pageSize = 4096

export type Damage = 'cut' | 'zeroed' | 'meta' | 'bytes' | 'header' | 'swapped' | 'nodes'

/** A copy of a data file of LMDB, damaged in one of several ways; the same seed damages in the same way. */
export function damaged(whole: Buffer, kind: Damage, seed: number): Buffer {
  const below = numbersFrom(seed)
  const file = Buffer.from(whole)
  const pages = Math.floor(file.length / pageSize)
  const spoil = (start: number, room: number, most: number) => {
    for (let count = 1 + below(most); count > 0; count -= 1) file[start + below(room)] = below(256)
  }
  switch (kind) {
    case 'cut':
      return file.subarray(0, 1 + below(file.length - 1))
    case 'zeroed': {
      const start = below(file.length)
      return file.fill(0, start, Math.min(file.length, start + 1 + below(20_000)))
    }
    case 'meta':
      spoil(below(2) * pageSize, 170, 3)
      return file
    case 'bytes':
      spoil(0, file.length, 200)
      return file
    case 'header':
      spoil(below(pages) * pageSize, 24, 24)
      return file
    case 'swapped': {
      const from = below(pages) * pageSize
      file.copyWithin(below(pages) * pageSize, from, from + pageSize)
      return file
    }
    case 'nodes':
      spoil(below(pages) * pageSize + 24, 300, 30)
      return file
  }
}

/** Numbers below a bound, one after the other. */
function numbersFrom(seed: number): (bound: number) => number {
  let state = (seed * 2_654_435_761) % 4_294_967_296
  const below = (bound: number) => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return Math.floor((state / 4_294_967_296) * bound)
  }
  for (let skipped = 0; skipped < 5; skipped += 1) below(2)
  return below
}
