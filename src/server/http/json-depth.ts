const quote = 0x22
const backslash = 0x5c
const openings = new Set([0x5b, 0x7b]) // [ {
const closings = new Set([0x5d, 0x7d]) // ] }

/**
 * Whether a text, if it is JSON, nests arrays and objects more than `most` levels deep. Stops at the first level
 * too many: parsing a million levels takes a third of a second, and so does locating a syntax error in them.
 */
export function isNestedDeeper(text: string, most: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (code === quote) at = endOfString(text, at)
    else if (openings.has(code)) {
      depth += 1
      if (depth > most) return true
    } else if (closings.has(code)) depth -= 1
  }
  return false
}

function endOfString(text: string, from: number): number {
  let at = from + 1
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1
  return at
}
