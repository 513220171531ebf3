import { readPage } from './markdown.ts'

/** A member of an interface, as its source has it. */
export interface Member {
  readonly name: string
  readonly required: boolean
  /** Its doc comment in one line; empty without one. */
  readonly text: string
}

/**
 * The members of an interface in a source file, with their doc comments. TypeScript 7 has a command and no API; sources
 * are formatted, so that a member begins two blanks from the left, and the interface ends with a brace that has none.
 */
export function membersOf(file: string, name: string): Member[] {
  const source = readPage(file)
  const start = new RegExp(`^export interface ${name}\\b[^\\n]*\\{$`, 'm').exec(source)
  if (!start) throw new Error(`there is no interface ${name} in ${file}`)
  const body = source.slice(start.index + start[0].length, source.indexOf('\n}', start.index))
  const found = new Map<string, Member>()
  // Of several signatures the first is documented.
  for (const [, comment = '', member = '', optional] of body.matchAll(
    /(?:\n {2}\/\*\*([\s\S]*?)\*\/)?\n {2}(?:readonly )?(\w+)(\?)?[(:<]/g,
  ))
    if (!found.has(member))
      found.set(member, { name: member, required: optional === undefined, text: inOneLine(comment) })
  return [...found.values()]
}

/** A doc comment as Markdown in a cell of a table, without its examples. */
const inOneLine = (comment: string): string =>
  (comment.split('\n   * @')[0] ?? '')
    .replace(/^ *\* ?/gm, '')
    .replace(/\s+/g, ' ')
    .replace(/\{@link (\w+)\}/g, '`$1`')
    .replaceAll('|', '\\|')
    .trim()
