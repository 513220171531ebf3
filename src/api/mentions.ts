import { linksIn } from '../common/links.ts'
import { unspacedLetters } from '../common/unspaced-letters.ts'

/** A mention in a text. */
export interface Mention<T> {
  /** Index of the `@`, or of the full-width `＠` of an input method. */
  readonly from: number
  /** Index after the last character. */
  readonly to: number
  /** The name as typed, without the `@`. */
  readonly name: string
  /** What `find` returned for the name. */
  readonly found: T
}

/** The most characters of a mention name. */
const longestMentionName = 50

// Combining marks belong to the letter before them: a decomposed é is two characters.
const nameCharacter = '\\p{L}\\p{N}\\p{M}_.-'

// An `@` after a letter belongs to an email address, except in scripts without spaces between words.
const beginning = `(?:(?<![\\p{L}\\p{N}\\p{M}_])|(?<=[${unspacedLetters}]))[@＠]`

const candidate = new RegExp(`${beginning}([${nameCharacter}]+)`, 'gu')

const unfinished = new RegExp(`${beginning}([${nameCharacter}]{0,${longestMentionName}})$`, 'u')

/**
 * Finds the people mentioned as `@MentionName` in a text: for the server, for display, and for suggestions. `find` looks up
 * names as they are typed; the longest known name counts. `@alice.`, `@alice-san` and `@aliceさん` mean Alice unless somebody
 * has the longer name; `@alicea` does not. Web and email addresses contain no mentions.
 */
export function mentionsIn<T>(text: string, find: (name: string) => T | undefined): Mention<T>[] {
  if (!/[@＠]/.test(text)) return []
  const links = linksIn(text)
  const found: Mention<T>[] = []
  let link = 0
  for (const { 1: run = '', index: from } of text.matchAll(candidate)) {
    while (link < links.length && (links[link]?.to ?? 0) <= from) link += 1
    if ((links[link]?.from ?? text.length) <= from) continue
    for (const end of endsOf(run)) {
      const name = run.slice(0, end)
      const one = find(name)
      if (one === undefined) continue
      found.push({ from, to: from + 1 + end, name, found: one })
      break
    }
  }
  return found
}

/** A mention name without the `@` that some write before it. */
export const withoutAt = (name: string): string => name.replace(/^[@＠]/, '')

/** The name being typed after an `@` at the end of a text; `undefined` if there is none. */
export function mentionBefore(text: string): string | undefined {
  const at = Math.max(text.lastIndexOf('@'), text.lastIndexOf('＠'))
  return at < 0 ? undefined : unfinished.exec(text.slice(Math.max(0, at - 2)))?.[1]
}

/**
 * The indexes at which a name may end after an `@`, the longest first: at the end, before and after punctuation, and next to
 * a letter of a script without spaces.
 */
function endsOf(run: string): number[] {
  const characters = [...run.slice(0, 4 * longestMentionName)]
  const most = Math.min(characters.length, 2 * longestMentionName) // a letter may be two characters here
  const ends: number[] = []
  let end = 0
  for (let index = 0; index < most; index += 1) {
    const [before, here = '', next] = [characters[index - 1], characters[index], characters[index + 1]]
    end += here.length
    if (end === run.length || mayEnd(before, here, next ?? '')) ends.push(end)
  }
  return ends.reverse()
}

function mayEnd(before: string | undefined, here: string, next: string): boolean {
  // A name may be `bob.` but not `bob...`: of several punctuation marks only the first and the last are tried.
  if (isPunctuation.test(here))
    return before !== undefined && !(isPunctuation.test(before) && isPunctuation.test(next))
  return isPunctuation.test(next) || (!isMark.test(next) && (isUnspaced.test(here) || isUnspaced.test(next)))
}

const isPunctuation = /^[.-]$/
const isMark = /^\p{M}$/u
const isUnspaced = new RegExp(`^[${unspacedLetters}]$`, 'u')
