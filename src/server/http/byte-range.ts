/** A range of bytes; `to` is excluded. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/**
 * The range that a `Range` header asks for (RFC 9110, 14.2). `undefined` means everything, also for several ranges
 * and for units other than bytes; `unsatisfiable` means that the range lies outside of the content.
 */
export function byteRangeOf(header: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header.trim()) ?? []
  if (first === '' && last === '') return undefined
  if (first === '') {
    const length = Math.min(Number(last), size)
    return length === 0 ? 'unsatisfiable' : { from: size - length, to: size }
  }
  const from = Number(first)
  if (from >= size) return 'unsatisfiable'
  const to = last === '' ? size : Math.min(Number(last) + 1, size)
  return to > from ? { from, to } : undefined
}
