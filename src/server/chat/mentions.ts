import { mentionsIn } from '../../api/mentions.ts'
import { createPace } from '../../common/next-turn.ts'
import type { People } from '../state/people.ts'
import type { UserRecord } from '../state/records.ts'

type Named = Pick<People, 'byMention'>

/** Who is mentioned in a text by `@MentionName`, each once. `@all` and `@here` stand for nobody in particular. */
export function findMentions(text: string, people: Named): UserRecord[] {
  return eachOnce(mentionsIn(text, people.byMention).map(({ found }) => found))
}

const peoplePerTurn = 5

/**
 * The same, of those whom the author knows of. Whether they do may take a look at many rooms: so that is asked first, of everybody
 * who might be meant, in parts.
 */
export async function findKnownMentions(
  text: string,
  people: Named,
  isKnown: (user: UserRecord) => boolean,
): Promise<UserRecord[]> {
  const meant = new Map<string, UserRecord>()
  mentionsIn(text, (name) => {
    const user = people.byMention(name)
    if (user) meant.set(name, user)
    return undefined // goes on to the shorter names
  })
  const known = new Set<number>()
  const pace = createPace(peoplePerTurn)
  for (const user of eachOnce([...meant.values()])) {
    if (isKnown(user)) known.add(user.id)
    await pace()
  }
  const find = (name: string): UserRecord | undefined => {
    const user = meant.get(name)
    return user && known.has(user.id) ? user : undefined
  }
  return eachOnce(mentionsIn(text, find).map(({ found }) => found))
}

const eachOnce = (users: readonly UserRecord[]): UserRecord[] => [
  ...new Map(users.map((user) => [user.id, user])).values(),
]
