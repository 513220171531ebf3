import { mentionBefore } from '../../../api/mentions.ts'
import { isFoundBy } from '../people/finding.ts'
import { emoticons, integrations, people, searchPeople } from '../store.ts'

/** A suggested replacement for the text being written. */
export interface Suggestion {
  readonly key: string
  readonly text: string
  readonly detail?: string
  readonly picture?: string
}

/** Suggestions for the piece of text before the caret, and where it begins. */
export interface Suggested {
  readonly from: number
  readonly items: readonly Suggestion[]
}

const most = 8

/** Commands of the page itself. */
const ownCommands = [
  { name: '/me', detail: 'says what you are doing' },
  { name: '/code', detail: 'keeps spaces and lines as they are' },
  { name: '/quote', detail: 'quotes a text' },
]

/** Commands of the add-ons in the current room, each with the add-on's name. */
export const addonCommands = (): { readonly name: string; readonly detail: string }[] =>
  integrations.value.flatMap((addon) => addon.commands.map((one) => ({ name: one, detail: addon.name })))

/** People after `@`, emoticons after `(`, commands after `/` at the beginning; nothing anywhere else. */
export function suggestionsFor(before: string, inRoom: boolean): Suggested | undefined {
  const mention = mentionBefore(before)
  if (mention !== undefined) return found(before, mention, mentions(mention, inRoom))
  const [, emoticon] = /(?:^|\s)\(([\p{L}\p{N}_-]{1,30})$/u.exec(before) ?? []
  if (emoticon !== undefined) return found(before, emoticon, smileys(emoticon))
  const [, command] = /^\/([\w-]{0,30})$/.exec(before) ?? []
  if (command !== undefined) return found(before, command, commands(command, inRoom))
  return undefined
}

/** Requests matching people whom the page does not know yet; then they can be suggested. */
export async function searchFor(before: string): Promise<void> {
  const mention = mentionBefore(before)
  if (mention) await searchPeople(mention)
}

const found = (before: string, typed: string, items: readonly Suggestion[]): Suggested | undefined =>
  items.length === 0 ? undefined : { from: before.length - typed.length - 1, items: items.slice(0, most) }

function mentions(typed: string, inRoom: boolean): Suggestion[] {
  const wanted = typed.toLowerCase()
  const users = [...people.value.values()]
    .filter(({ is_deleted }) => !is_deleted)
    .filter(({ mention_name, name }) => isFoundBy(typed, name, mention_name))
    .sort((one, other) => one.name.localeCompare(other.name))
    .map(({ id, mention_name, name }) => ({ key: String(id), text: `@${mention_name}`, detail: name }))
  const everybody = ['all', 'here']
    .filter((name) => inRoom && name.startsWith(wanted))
    .map((name) => ({
      key: name,
      text: `@${name}`,
      detail: name === 'all' ? 'everybody in the room' : 'everybody who is online',
    }))
  return [...users, ...everybody]
}

const smileys = (typed: string): Suggestion[] =>
  emoticons.value
    .filter(({ shortcut }) => shortcut.toLowerCase().startsWith(typed.toLowerCase()))
    .map(({ id, shortcut, url }) => ({ key: String(id), text: `(${shortcut})`, picture: url }))

const commands = (typed: string, inRoom: boolean): Suggestion[] =>
  [...(inRoom ? addonCommands() : []), ...ownCommands]
    .filter(({ name }) => name.slice(1).toLowerCase().startsWith(typed.toLowerCase()))
    .map(({ name, detail }) => ({ key: `${name} ${detail}`, text: name, detail }))
