import { RE2JS } from 're2js'
import { type Character, characterAt, rangeAt } from './pattern-characters.ts'
import {
  plainWithin,
  type WhitespaceClass,
  whitespaceClasses,
  withPlainSpaces,
} from './pattern-whitespace.ts'

/**
 * A compiled pattern of a webhook. It is searched for anywhere in a text, where all whitespace and line ends count
 * as the plain ones.
 */
export interface Pattern {
  (text: string): boolean
  /** Its cost: the time for a text grows with the steps of its program. */
  readonly steps: number
  /** The pattern in the engine's notation, for texts from {@link withPlainSpaces}. */
  readonly source: string
}

/** Thrown for a pattern that this server does not run; the message names the construct that is the reason. */
export class PatternRefusedError extends Error {
  readonly code = 'ERR_PATTERN_REFUSED'
  override name = 'PatternRefusedError'
}

/** Longest accepted pattern, in characters. */
const longestPattern = 1000

// The longest plain pattern needs half of this. In the worst case the longest message takes half a second.
const largestProgram = 2_000

/**
 * Compiles a webhook's pattern.
 *
 * HipChat matched patterns itself, by search and not over the whole text, in a Perl-like dialect: Atlassian's Node
 * framework (npm ac-node-hipchat, lib/webhooks.js) turned JavaScript's flags into a leading `(?i)` and `\u00C0` into
 * `\x{00C0}`. Patterns come from strangers and run on every message, so they run on an engine whose time grows with
 * the text only (RE2), which knows neither lookaround nor back references.
 */
export function compilePattern(source: string): Pattern {
  if ([...source].length > longestPattern)
    throw new PatternRefusedError(`is longer than ${longestPattern} characters`)
  const translated = translate(source)
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(translated)
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'unknown'
    throw new PatternRefusedError(`is not a regular expression this server understands: ${reason}`)
  }
  const steps = compiled.programSize()
  if (steps > largestProgram) throw new PatternRefusedError('is too costly: its repetitions multiply')
  const find = (text: string) => compiled.matcher(withPlainSpaces(text)).find()
  return Object.assign(find, { steps, source: translated })
}

/** Rewrites what Perl or JavaScript write differently from RE2, and refuses what RE2 cannot do. */
function translate(source: string): string {
  const { flags, rest } = leadingFlags(source)
  let output = flags
  let inside: Class | undefined
  for (let index = 0; index < rest.length; ) {
    const ahead = rest.slice(index)
    const { output: piece, length } = inside ? translateInClass(ahead, inside) : translateOutside(ahead)
    if (inside && piece === ']') inside = undefined
    else if (!inside && ahead.startsWith('[')) inside = { isNegated: ahead.startsWith('[^') }
    output += piece
    index += length
  }
  return output
}

interface Class {
  readonly isNegated: boolean
}

interface Piece {
  readonly output: string
  /** Length of what was read. */
  readonly length: number
}

function translateOutside(ahead: string): Piece {
  // A bracket in first place closes nothing: []a] and [^]a].
  const opening = /^\[\^?\]?/.exec(ahead)?.[0]
  if (opening !== undefined) return { output: opening, length: opening.length }
  if (ahead.startsWith('(')) refuseGroup(ahead.slice(0, 4))
  const character = characterAt(ahead)
  const plain = character && plainOf(character)
  if (!plain) return translateCharacter(ahead, false)
  // CR LF is one line end.
  const isHalf =
    character.code === carriageReturn && characterAt(ahead.slice(character.length))?.code === lineFeed
  return { output: isHalf ? '' : plain.alone, length: character.length }
}

function translateInClass(ahead: string, { isNegated }: Class): Piece {
  const posix = /^\[:\^?[a-z]+:\]/.exec(ahead)?.[0]
  if (posix !== undefined) return { output: posix, length: posix.length }
  const range = rangeAt(ahead)
  if (range) {
    const [from, to] = [range.from.code, range.to.code]
    // A class that excludes a wide space does not exclude the plain one.
    const plain = isNegated ? '' : plainWithin(from, to)
    return { output: `${escaped(from)}-${escaped(to)}${plain}`, length: range.length }
  }
  const character = characterAt(ahead)
  const plain = character && (!isNegated || character.code === blank) && plainOf(character)
  return plain ? { output: plain.inside, length: character.length } : translateCharacter(ahead, true)
}

const translateCharacter = (ahead: string, inClass: boolean): Piece =>
  ahead.startsWith('\\') ? translateEscape(ahead, inClass) : { output: ahead.charAt(0), length: 1 }

/**
 * A class that matches the plain space or line end that a character counts as; `undefined` for all others. A typed
 * space also matches a tab.
 */
function plainOf({ code }: Character): WhitespaceClass | undefined {
  const plain = code === blank ? ' ' : plainWithin(code, code)
  return plain === ' ' ? whitespaceClasses['\\h'] : plain ? { inside: '\\n', alone: '\\n' } : undefined
}

const escaped = (code: number): string =>
  /^\w$/.test(String.fromCodePoint(code)) ? String.fromCodePoint(code) : `\\x{${code.toString(16)}}`

const [lineFeed, carriageReturn, blank] = [0x0a, 0x0d, 0x20]

/**
 * Reads leading flags: `(?i)`, `(?gi)`, several of them. JavaScript's g, u and y mean nothing to a search and are
 * dropped.
 */
function leadingFlags(source: string): { flags: string; rest: string } {
  let flags = ''
  let rest = source
  for (;;) {
    const group = /^\(\?([a-zA-Z]+)\)/.exec(rest)
    if (!group?.[1]) return { flags: flags && `(?${[...new Set(flags)].join('')})`, rest }
    for (const flag of group[1]) {
      if (flag === 'x')
        throw new PatternRefusedError('uses the flag x (free spacing), which is not supported')
      if (!'imsguy'.includes(flag)) throw new PatternRefusedError(`uses the unknown flag ${flag}`)
      if ('ims'.includes(flag)) flags += flag
    }
    rest = rest.slice(group[0].length)
  }
}

function refuseGroup(start: string): void {
  if (/^\(\?<?[=!]/.test(start))
    throw new PatternRefusedError('uses lookahead or lookbehind, which is not supported')
  if (start.startsWith('(?>')) throw new PatternRefusedError('uses an atomic group, which is not supported')
}

function translateEscape(text: string, inClass: boolean): Piece {
  const unicode = /^\\u(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{4}))/.exec(text)
  if (unicode) return { output: `\\x{${unicode[1] ?? unicode[2]}}`, length: unicode[0].length }
  const literal = /^\\Q[\s\S]*?(?:\\E|$)/.exec(text)
  if (literal) return { output: withPlainSpaces(literal[0]), length: literal[0].length }
  const control = /^\\c([A-Za-z])/.exec(text)
  if (control?.[1]) {
    const code = control[1].toUpperCase().charCodeAt(0) - 64
    return { output: `\\x{${code.toString(16)}}`, length: 3 }
  }
  if (!inClass && /^\\(?:[1-9]|k[<{']|g[\d{])/.test(text))
    throw new PatternRefusedError('uses a back reference, which is not supported')
  const next = String.fromCodePoint(text.codePointAt(1) ?? 0x5c) // a lone backslash at the end stays one
  const length = 1 + (text.length > 1 ? next.length : 0)
  if (text.length === 1) return { output: text, length }
  if (inClass && next === 'b') return { output: '\\x08', length }
  if (next === 'e') return { output: '\\x1b', length }
  const spaces = Object.hasOwn(whitespaceClasses, `\\${next}`) ? whitespaceClasses[`\\${next}`] : undefined
  if (spaces) return { output: inClass ? spaces.inside : spaces.alone, length }
  if (next === 'Z' && !inClass) return { output: '(?:\\n?\\z)', length }
  // RE2 accepts a backslash before punctuation but not before other letters and symbols.
  return { output: /[ -~]/.test(next) ? `\\${next}` : next, length }
}
