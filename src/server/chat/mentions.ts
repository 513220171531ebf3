import type { People } from '../state/people.ts'
import type { UserRecord } from '../state/records.ts'

// As long as a mention name may be; what is longer is nobody's, and looking for its end would take long.
const longestName = 50

/** Who is mentioned in a text by `@MentionName`, each once. `@all` and `@here` stand for nobody in particular. */
export function findMentions(text: string, people: Pick<People, 'byMention'>): UserRecord[] {
  const found = new Map<number, UserRecord>()
  for (const match of text.matchAll(/(?<![\p{L}\p{N}_])@([\p{L}\p{N}_.-]+)/gu)) {
    const name = (match[1] ?? '').slice(0, longestName)
    // "@Alice." at the end of a sentence is Alice, unless somebody's name ends in a dot
    const user = people.byMention(name) ?? people.byMention(name.replace(/[.-]+$/, ''))
    if (user) found.set(user.id, user)
  }
  return [...found.values()]
}
