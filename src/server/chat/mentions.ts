import { mentionsIn } from '../../api/mentions.ts'
import { createPace } from '../../common/next-turn.ts'
import type { People } from '../state/people.ts'
import type { UserRecord } from '../state/records.ts'

type Named = Pick<People, 'byMention'>

/** The users whom a text mentions as `@MentionName`, each once. `@all` and `@here` name no particular user. */
export function findMentions(text: string, people: Named): UserRecord[] {
  return eachOnce(mentionsIn(text, people.byMention).map(({ found }) => found))
}

const peoplePerTurn = 5

/**
 * The same, limited to those whom the author may know of. Finding that out may mean reading many rooms, so it is
 * done first, in parts, for everyone who may be meant.
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
    return undefined // continues with shorter names
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
