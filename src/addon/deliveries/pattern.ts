/**
 * A `RegExp` translated for the server, which runs a webhook's pattern. Its engine is not JavaScript's but
 * similar to PCRE, and searches the text (`(?i)` for flags, `\x{00e9}` for a character).
 *
 * The translation may match more than the `RegExp` (for example, `$` before a final line end): the add-on
 * runs the `RegExp` itself on every delivery, and the handler gets its `match`. The translation matches less
 * only where the server's engine is limited to ASCII: on servers other than the compatible one, line ends
 * such as U+2028 with the flag m, and whitespace such as U+00A0 with `\s`. Writing these out would make every
 * pattern unreadable, and not every engine would accept it. The compatible server treats all whitespace as
 * spaces and all line ends as LF: there `[^\x00-\x7f]` does not match U+00A0.
 */
export type Translation =
  | { readonly ok: true; readonly pattern: string }
  /** The pattern cannot be translated: the server must send every message, and the add-on filters them. */
  | { readonly ok: false; readonly reason: string }

class Untranslatable extends Error {}

/** Longest pattern that is sent. Servers have limits of their own, which are not documented. */
const longestPattern = 1000

/** Translates a pattern for the server. */
export function translatePattern(expression: RegExp): Translation {
  try {
    const flags = [...expression.flags].filter((flag) => 'ims'.includes(flag)).join('')
    if (expression.sticky) throw new Untranslatable('the flag y has no meaning for a server')
    if (expression.flags.includes('v')) throw new Untranslatable('only JavaScript knows the flag v')
    const pattern = (flags ? `(?${flags})` : '') + translateSource(expression.source, expression.unicode)
    if (pattern.length > longestPattern)
      throw new Untranslatable(`it is longer than ${longestPattern} characters`)
    return { ok: true, pattern }
  } catch (error) {
    if (error instanceof Untranslatable) return { ok: false, reason: error.message }
    throw error
  }
}

function translateSource(source: string, unicode: boolean): string {
  let translated = ''
  let inClass = false
  for (let at = 0; at < source.length; ) {
    const rest = source.slice(at)
    const character = source[at] ?? ''
    let taken = 1
    if (character === '\\') {
      const [text, length] = translateEscape(rest, inClass, unicode)
      translated += text
      taken = length
    } else if (inClass) {
      if (character === ']') inClass = false
      // In other engines, a bracket inside a class starts a POSIX class.
      translated += character === '[' ? '\\[' : character
    } else if (rest.startsWith('[^]')) {
      translated += '(?s:.)'
      taken = 3
    } else if (rest.startsWith('[]')) {
      throw new Untranslatable('an empty class [] matches nothing')
    } else if (character === '[') {
      inClass = true
      translated += '['
      if (source[at + 1] === '^') {
        translated += '^'
        taken = 2
      }
    } else if (character === '(') {
      const [text, length] = translateGroup(rest)
      translated += text
      taken = length
    } else if (character === '{') {
      refuseLongRepeats(rest)
      translated += character
    } else translated += character
    at += taken
  }
  return translated
}

function translateGroup(rest: string): [text: string, length: number] {
  if (!rest.startsWith('(?')) return ['(', 1]
  if (/^\(\?(?:=|!|<=|<!)/.test(rest)) throw new Untranslatable('it has a lookahead or lookbehind')
  const name = /^\(\?<[^>]+>/.exec(rest)
  if (name) return ['(', name[0].length] // not every engine supports names, and `match` comes from the RegExp anyway
  return ['(?', 2]
}

function translateEscape(rest: string, inClass: boolean, unicode: boolean): [text: string, length: number] {
  const hexadecimal = /^\\(?:u\{([0-9a-f]+)\}|u([0-9a-f]{4})|x([0-9a-f]{2}))/i.exec(rest)
  if (hexadecimal && (unicode || !hexadecimal[1])) {
    const digits = hexadecimal[1] ?? hexadecimal[2] ?? hexadecimal[3] ?? ''
    const code = Number.parseInt(digits, 16)
    if (code >= 0xd800 && code <= 0xdfff)
      throw new Untranslatable('half of a surrogate pair is not a character')
    return [`\\x{${digits}}`, hexadecimal[0].length]
  }
  if (/^\\k</.test(rest)) throw new Untranslatable('it refers back to a group')
  const digit = /^\\(\d+)/.exec(rest)
  if (digit) {
    if (digit[1] === '0') return ['\\x{0}', 2]
    if (inClass) throw new Untranslatable('an octal escape has another meaning in other engines')
    throw new Untranslatable('it refers back to a group')
  }
  const control = /^\\c([a-z])/i.exec(rest)?.[1]
  if (control) return [`\\x{${(control.charCodeAt(0) % 32).toString(16)}}`, 3]
  if (inClass && rest.startsWith('\\b')) return ['\\x{8}', 2]
  if (unicode && /^\\[pP]\{/.test(rest)) {
    const property = /^\\[pP]\{([A-Z][a-z]?)\}/.exec(rest)
    if (!property) throw new Untranslatable('other engines only know general categories such as \\p{Lu}')
    return [property[0], property[0].length]
  }
  const next = rest[1] ?? ''
  if (next === '/') return ['/', 2]
  // In JavaScript an unknown escaped letter is the letter; in other engines it may be a class or an anchor
  // (\A, \h, \z).
  if (/[a-z]/i.test(next) && !/[bBdDsSwWnrtfv]/.test(next)) return [next, 2]
  return [`\\${next}`, 2]
}

// Linear-time engines unroll repeats, up to a thousand.
function refuseLongRepeats(rest: string): void {
  const repeat = /^\{(\d+)(?:,(\d*))?\}/.exec(rest)
  if (repeat && Math.max(Number(repeat[1]), Number(repeat[2] || 0)) > 1000)
    throw new Untranslatable(`it repeats more than a thousand times (${repeat[0]})`)
}
