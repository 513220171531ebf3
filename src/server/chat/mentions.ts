import { mentionsIn } from '../../api/mentions.ts'
import type { People } from '../state/people.ts'
import type { UserRecord } from '../state/records.ts'

/** Who is mentioned in a text by `@MentionName`, each once. `@all` and `@here` stand for nobody in particular. */
export function findMentions(text: string, people: Pick<People, 'byMention'>): UserRecord[] {
  const users = mentionsIn(text, people.byMention).map(({ found }) => found)
  return [...new Map(users.map((user) => [user.id, user])).values()]
}
