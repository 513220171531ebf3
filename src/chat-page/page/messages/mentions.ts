import { computed } from '@preact/signals'
import { type Mention, mentionsIn } from '../../../api/mentions.ts'
import type { Message } from '../../../api/objects.ts'
import { folded } from '../../../common/text.ts'
import { me, people } from '../store.ts'

/** People whom the server found in a message: including those that the page does not know yet. */
export type Mentioned = NonNullable<Message['mentions']>

const known = computed(
  () =>
    new Set(
      [...people.value.values()]
        .filter(({ is_deleted }) => !is_deleted)
        .map(({ mention_name }) => folded(mention_name)),
    ),
)

/** Whether a name mentions the signed-in person: their own name, or everybody's. */
export const isMe = (name: string): boolean =>
  /^(?:all|here)$/i.test(name) || (me.value !== undefined && folded(me.value.mention_name) === folded(name))

/** The people mentioned in a text. */
export function mentionsOf(text: string, mentioned: Mentioned = []): Mention<string>[] {
  const others = new Set(mentioned.map(({ mention_name = '' }) => folded(mention_name)))
  return mentionsIn(text, (name) =>
    isMe(name) || known.value.has(folded(name)) || others.has(folded(name)) ? name : undefined,
  )
}

/** Whether a text mentions the signed-in person. */
export const mentionsMe = (text: string, mentioned: Mentioned = []): boolean =>
  mentionsOf(text, mentioned).some(({ name }) => isMe(name))
