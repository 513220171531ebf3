import type { Handlers } from '../context.ts'
import { notFound } from '../errors.ts'
import { page } from '../http/paging.ts'

export const emoticonHandlers: Pick<Handlers, 'getAllEmoticons' | 'getEmoticon'> = {
  // A list entry is the whole emoticon, so there is nothing to expand.
  getAllEmoticons(parameters, caller, { state, present }) {
    const type = parameters.type ?? 'all'
    const emoticons = state.emoticons().filter((emoticon) => type === 'all' || emoticon.type === type)
    return page(emoticons, parameters, caller.url, present.emoticon)
  },

  getEmoticon({ emoticon_id_or_shortcut: name }, _session, { state, present }) {
    const emoticon = state.findEmoticon(String(name).replace(/^\((.+)\)$/, '$1'))
    if (!emoticon) throw notFound('Emoticon', name)
    return present.emoticon(emoticon)
  },
}
