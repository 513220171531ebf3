import { oneOf } from '../../common/schema.ts'
import { emoticon, pageOf } from '../objects.ts'
import { operation } from '../operation.ts'
import { expand, offset } from './query.ts'

export const getAllEmoticons = operation({
  method: 'GET',
  path: '/emoticon',
  summary: 'List the emoticons of the group.',
  scopes: ['view_group'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  query: { ...offset, type: oneOf(['group', 'global', 'all'], { default: 'all' }), expand },
  result: { kind: 'json', status: 200, schema: pageOf(emoticon) },
  paging: 'offset',
  limits: ['api'],
})

export const getEmoticon = operation({
  method: 'GET',
  path: '/emoticon/{emoticon_id_or_shortcut}',
  summary: 'Get one emoticon, by its id or by its shortcut without the brackets.',
  scopes: ['view_group'],
  tokens: ['addon_group', 'addon_room', 'user', 'personal'],
  result: { kind: 'json', status: 200, schema: emoticon },
  paging: 'none',
  limits: ['api'],
})
