/**
 * Blanks in patterns. RE2 knows those of ASCII; a phone or Option+Space writes others, and a command with one of them would
 * reach nobody. So a blank in a pattern, `\s`, `\h` or typed, stands for every character that Unicode calls a blank.
 */

type Range = readonly [from: number, to: number]

/** White_Space of Unicode, and U+FEFF, which is a blank in JavaScript. */
const all: readonly Range[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0x85, 0x85],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
]

const isLineEnd = ([from]: Range): boolean => from === 0x85 || from === 0x2028

/** Those that do not end a line. */
const horizontal: readonly Range[] = all
  .filter((range) => !isLineEnd(range))
  .map((range): Range => (range[0] === 0x09 ? [0x09, 0x09] : range))

const inside = (ranges: readonly Range[]): string =>
  ranges.map(([from, to]) => (from === to ? hex(from) : `${hex(from)}-${hex(to)}`)).join('')

const hex = (code: number): string => `\\x{${code.toString(16)}}`

const others = (ranges: readonly Range[]): Range[] =>
  [...ranges, [0x110000, 0x110000] as const].flatMap(([from], index) => {
    const after = (ranges[index - 1]?.[1] ?? -1) + 1
    return after < from ? [[after, from - 1] as const] : []
  })

/** The content of a class, and the class of its own that stands for it elsewhere. */
const formsOf = (ranges: readonly Range[]) => ({ inside: inside(ranges), alone: `[${inside(ranges)}]` })

export const blanks = {
  any: formsOf(all),
  notAny: formsOf(others(all)),
  horizontal: formsOf(horizontal),
  notHorizontal: formsOf(others(horizontal)),
} as const

/** Escapes and POSIX classes that mean blanks. */
export const blankClasses: Readonly<Record<string, keyof typeof blanks>> = {
  '\\s': 'any',
  '\\S': 'notAny',
  '\\h': 'horizontal',
  '\\H': 'notHorizontal',
  '\\ ': 'horizontal',
  '[:space:]': 'any',
  '[:^space:]': 'notAny',
  '[:blank:]': 'horizontal',
  '[:^blank:]': 'notHorizontal',
}
