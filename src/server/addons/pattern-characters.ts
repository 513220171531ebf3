/** One character of a pattern, literal or escaped. */
export interface Character {
  readonly code: number
  /** Length of its notation in the pattern. */
  readonly length: number
}

const hexadecimal =
  /^\\(?:x\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4}))/
const octal = /^\\(0[0-7]{0,2})/
const control = /^\\c([A-Za-z])/
// `b` is a character in classes only, and a word boundary elsewhere.
const short: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, e: 27, a: 7 }

/**
 * The character that a piece of a pattern begins with; `undefined` when it begins with a class such as `\w` or an
 * operator.
 */
export function characterAt(text: string): Character | undefined {
  const code = text.codePointAt(0)
  if (code === undefined) return undefined
  if (!text.startsWith('\\')) return { code, length: String.fromCodePoint(code).length }
  const digits = hexadecimal.exec(text)
  if (digits)
    return { code: Number.parseInt(digits.slice(1).find(Boolean) ?? '', 16), length: digits[0].length }
  const zero = octal.exec(text)
  if (zero) return { code: Number.parseInt(zero[1] ?? '', 8), length: zero[0].length }
  const letter = control.exec(text)
  if (letter) return { code: (letter[1] ?? '').toUpperCase().charCodeAt(0) - 64, length: letter[0].length }
  const next = text.codePointAt(1) ?? 0x5c
  const name = String.fromCodePoint(next)
  if (Object.hasOwn(short, name)) return { code: short[name] ?? next, length: 2 }
  return /[A-Za-z0-9]/.test(name) ? undefined : { code: next, length: 1 + name.length }
}

/** The range, such as `a-z`, that a piece of a class begins with. */
export function rangeAt(
  text: string,
): { readonly from: Character; readonly to: Character; readonly length: number } | undefined {
  const from = text.startsWith(']') ? undefined : characterAt(text)
  if (!from || text[from.length] !== '-') return undefined
  const after = text.slice(from.length + 1)
  const to = after.startsWith(']') ? undefined : characterAt(after)
  return to && { from, to, length: from.length + 1 + to.length }
}
