import { linksIn } from '../common/links.ts'
import { unspacedLetters } from '../common/scripts.ts'

/** Somebody who is mentioned in a text, and where. */
export interface Mention<T> {
  /** Where the `@` stands, or the full-width `＠` of an input method. */
  readonly from: number
  readonly to: number
  /** As it was typed, without the `@`. */
  readonly name: string
  readonly found: T
}

/** Most characters of a mention name. */
export const longestMentionName = 50

// Marks are written with the letter before them: a decomposed é is two characters.
const nameCharacter = '\\p{L}\\p{N}\\p{M}_.-'

// Behind a letter an `@` is that of an email address, unless people write no blank there.
const beginning = `(?:(?<![\\p{L}\\p{N}\\p{M}_])|(?<=[${unspacedLetters}]))[@＠]`

const candidate = new RegExp(`${beginning}([${nameCharacter}]+)`, 'gu')

const unfinished = new RegExp(`${beginning}([${nameCharacter}]{0,${longestMentionName}})$`, 'u')

/**
 * Who is mentioned in a text by `@MentionName`: for the server, for what is drawn, and for what is suggested. `find` is asked for
 * names as they stand in the text; the longest that it knows counts. `@alice.`, `@alice-san` and `@aliceさん` are Alice as long as
 * nobody has the longer name, and `@alicea` is not. Addresses of the web and of email mention nobody.
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

/** The name that is being typed at the end of a text, behind its `@`; `undefined` where nobody is mentioned. */
export function mentionBefore(text: string): string | undefined {
  const at = Math.max(text.lastIndexOf('@'), text.lastIndexOf('＠'))
  return at < 0 ? undefined : unfinished.exec(text.slice(Math.max(0, at - 2)))?.[1]
}

/**
 * Where a name may end in what follows an `@`, the longest first: at its end, before and behind punctuation, and between letters
 * of which one is of a script without blanks.
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
  // Somebody may be called `bob.`, and nobody `bob...`: of more than one only the first and the last are looked at.
  if (isPunctuation.test(here))
    return before !== undefined && !(isPunctuation.test(before) && isPunctuation.test(next))
  return isPunctuation.test(next) || (!isMark.test(next) && (isUnspaced.test(here) || isUnspaced.test(next)))
}

const isPunctuation = /^[.-]$/
const isMark = /^\p{M}$/u
const isUnspaced = new RegExp(`^[${unspacedLetters}]$`, 'u')
