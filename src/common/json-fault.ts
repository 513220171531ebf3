/** The first place at which a text is not JSON. */
export interface JsonFault {
  /** From 1. */
  readonly line: number
  /** From 1, in characters. */
  readonly column: number
  readonly expected: string
  /** Only one character, or `the end`: the text around it may be secret. */
  readonly got: string
}

const whitespace = /[ \t\n\r]*/y
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const word = /true|false|null/y
const escaped = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

class Fault extends Error {
  readonly at: number
  readonly expected: string

  constructor(at: number, expected: string) {
    super()
    this.at = at
    this.expected = expected
  }
}

/**
 * Finds the first place at which a text is not JSON; `undefined` if it is JSON. Messages of JavaScript engines differ, may
 * lack a position, and quote the text. It does not recurse, so that deep nesting does no harm.
 */
export function jsonFault(text: string): JsonFault | undefined {
  try {
    scan(text)
    return undefined
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const { at, expected } = error
    const { line, start } = lineAt(text, at)
    const character = text.codePointAt(at)
    return {
      line,
      column: [...text.slice(start, at)].length + 1,
      expected,
      got: character === undefined ? 'the end' : named(character),
    }
  }
}

/** The line of a place, and the index at which that line starts. Lines end in LF, CR, or both. */
function lineAt(text: string, place: number): { line: number; start: number } {
  let [line, start] = [1, 0]
  for (let at = 0; at < place; at += 1) {
    const character = text.charAt(at)
    if (character !== '\n' && character !== '\r') continue
    if (character === '\r' && text.charAt(at + 1) === '\n' && at + 1 < place) at += 1
    line += 1
    start = at + 1
  }
  return { line, start }
}

/** A fault as the end of a sentence. */
export const jsonFaultText = ({ line, column, expected, got }: JsonFault): string =>
  `at line ${line}, column ${column}: expected ${expected}, got ${got}`

const named = (code: number): string =>
  code > 0x20 && code < 0x7f
    ? String.fromCodePoint(code)
    : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`

function scan(text: string): void {
  const open: string[] = []
  let at = 0
  const skip = (pattern: RegExp): boolean => {
    pattern.lastIndex = at
    const found = pattern.test(text)
    if (found) at = pattern.lastIndex
    return found
  }
  const closes = (): boolean => text[at] === (open.at(-1) === '{' ? '}' : ']') && open.length > 0
  const string = (): void => {
    at += 1
    while (text[at] !== '"') {
      if (text[at] === '\\') {
        if (!skip(escaped)) throw new Fault(at, 'a valid escape')
      } else if (at >= text.length || text.charCodeAt(at) < 0x20)
        throw new Fault(at, 'the end of a string, or a character allowed in strings')
      else at += 1
    }
    at += 1
  }
  const memberName = (expected: string): void => {
    skip(whitespace)
    if (text[at] !== '"') throw new Fault(at, expected)
    string()
    skip(whitespace)
    if (text[at] !== ':') throw new Fault(at, 'a colon')
    at += 1
  }

  for (;;) {
    skip(whitespace)
    const character = text[at]
    if (character === '{' || character === '[') {
      open.push(character)
      at += 1
      skip(whitespace)
      if (!closes()) {
        if (character === '{') memberName('the name of a member in double quotes, or }')
        continue
      }
    } else if (character === '"') string()
    else if (!skip(number) && !skip(word)) throw new Fault(at, 'a value')
    // After a value: the ends of objects and arrays, and then another value or the end of the text.
    for (skip(whitespace); closes(); skip(whitespace)) {
      open.pop()
      at += 1
    }
    const around = open.at(-1)
    if (around === undefined) {
      if (at < text.length) throw new Fault(at, 'the end')
      return
    }
    if (text[at] !== ',') throw new Fault(at, `a comma, or ${around === '{' ? '}' : ']'}`)
    at += 1
    if (around === '{') memberName('the name of a member in double quotes')
  }
}
