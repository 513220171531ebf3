import { me, people } from '../store.ts'

const mention = /(?<![\p{L}\p{N}_])@([\p{L}\p{N}_.-]+)/gu

/** Whether a name is meant for whoever looks at the page: his own, or everybody's. */
export const isMe = (name: string): boolean =>
  /^(?:all|here)$/i.test(name) || me.value?.mention_name.toLowerCase() === name.toLowerCase()

const isSomebody = (name: string): boolean =>
  isMe(name) ||
  [...people.value.values()].some((one) => one.mention_name.toLowerCase() === name.toLowerCase())

/** The name that is mentioned by what follows an `@`: a full stop behind it belongs to the sentence, unless to the name. */
export const mentionedBy = (text: string): string | undefined =>
  [text, text.replace(/[.-]+$/, '')].find(isSomebody)

/** Whether a text mentions whoever looks at the page. */
export const mentionsMe = (text: string): boolean =>
  [...text.matchAll(mention)].some(([, name = '']) => isMe(mentionedBy(name) ?? ''))
