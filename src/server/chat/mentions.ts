import { mentionsIn } from '../../api/mentions.ts'
import type { People } from '../state/people.ts'
import type { UserRecord } from '../state/records.ts'

/**
 * Who is mentioned in a text by `@MentionName`, each once. `@all` and `@here` stand for nobody in particular.
 * `isKnown`: whether there is such a person for the author.
 */
export function findMentions(
  text: string,
  people: Pick<People, 'byMention'>,
  isKnown: (user: UserRecord) => boolean = () => true,
): UserRecord[] {
  const known = (name: string): UserRecord | undefined => {
    const user = people.byMention(name)
    return user && isKnown(user) ? user : undefined
  }
  const users = mentionsIn(text, known).map(({ found }) => found)
  return [...new Map(users.map((user) => [user.id, user])).values()]
}
