import { describe, expect, it } from 'vitest'
import { conditionNames } from '../../../../src/api/descriptor.ts'
import type { Message } from '../../../../src/api/objects.ts'
import {
  asksForGlance,
  holds,
  patternsIn,
  type Subject,
} from '../../../../src/chat-page/page/modules/conditions.ts'
import { parametersOf } from '../../../../src/chat-page/page/modules/parameters.ts'
import { card, fromAddon, message, picture } from './messages.ts'

const subject = (more: Partial<Subject> = {}): Subject => ({
  room: { privacy: 'public', owner_id: 7 },
  user: { id: 8, is_group_admin: false, is_guest: false },
  matches: ({ pattern, flags }) => new RegExp(pattern, flags).test(more.message?.body ?? ''),
  ...more,
})

const about = (given: Message, more: Partial<Subject> = {}) =>
  subject({ message: parametersOf(given), cardStyle: 'application', ...more })

const leaf = (condition: string, params?: object) => ({ condition, ...(params ? { params } : {}) })

const matching = (params: object) => leaf('message_matches', params)

const metadata = (...entries: object[]) => ({ metadata: entries })

const glance = { metadata: { waiting: 3, configured: true, deep: { er: 'x' } } }

const onGlance = (...entries: object[]) => leaf('glance_matches', metadata(...entries))

/** Each of the nine: when it holds, and when it does not. */
const table: readonly (readonly [condition: object, holding: Subject, not: Subject])[] = [
  [leaf('room_is_public'), subject(), subject({ room: { privacy: 'private', owner_id: 7 } })],
  [leaf('user_is_admin'), subject({ user: { id: 8, is_group_admin: true } }), subject()],
  [leaf('user_is_guest'), subject({ user: { id: 8, is_guest: true } }), subject()],
  [leaf('user_is_room_owner'), subject({ user: { id: 7 } }), subject()],
  [matching({ type: 'message' }), about(message()), about(fromAddon())],
  [matching({ sender: 'Bob Baker' }), about(message()), about(message({ from: { id: 7, name: 'Bob' } }))],
  [matching({ file_type: 'img' }), about(picture), about(message({ file: { name: 'a.txt' } }))],
  [
    matching({ regex: { pattern: '^decision:', flags: 'i' } }),
    about(message()),
    about(message({ message: 'no decision' })),
  ],
  [
    matching({ type: 'message', regex: { pattern: 'see', flags: '' } }),
    about(message()),
    about(message({ type: 'notification' })),
  ],
  [leaf('message_contains_link'), about(message()), about(message({ message: 'http: //none' }))],
  [
    leaf('message_sent_by_current_user'),
    about(message({ from: { id: 8, name: 'Me' } })),
    about(message({ from: 'Me' })),
  ],
  [leaf('card_matches', { style: 'application' }), about(fromAddon(card)), subject()],
  [
    leaf('card_matches', { style: 'link' }),
    about(fromAddon(card), { cardStyle: 'link' }),
    about(fromAddon(card)),
  ],
  [
    leaf('card_matches', metadata({ attr: 'state', eq: 'waiting' }, { attr: 'deploy.id', gt: 87 })),
    about(fromAddon(card)),
    about(fromAddon({ ...card, metadata: { state: 'waiting', deploy: { id: 87 } } })),
  ],
  [
    leaf('card_matches', metadata({ attr: 'sender_addon_key', eq: 'com.example.shipyard' })),
    about(fromAddon()),
    about(message({ card: JSON.stringify({ ...card, metadata: {} }) })),
  ],
  [onGlance({ attr: 'configured', eq: true }), subject({ glance }), subject()],
  [
    onGlance({ attr: 'waiting', lt: 4 }, { attr: 'deep.er', eq: 'x' }),
    subject({ glance }),
    subject({ glance: { metadata: { waiting: 4, deep: { er: 'x' } } } }),
  ],
]

describe('conditions', () => {
  it.each(table)('%j holds where it should, and the other way round when inverted', (condition, yes, no) => {
    expect(holds([condition], yes)).toBe(true)
    expect(holds([condition], no)).toBe(false)
    expect(holds([{ ...condition, invert: true }], yes)).toBe(false)
    expect(holds([{ ...condition, invert: true }], no)).toBe(true)
  })

  it('include all that a descriptor may have', () => {
    const tried = new Set(table.map(([condition]) => (condition as { condition: string }).condition))
    expect([...tried].sort()).toEqual([...conditionNames].sort())
  })

  it('must all hold, and hold when there are none', () => {
    expect(holds([], subject())).toBe(true)
    expect(holds([leaf('room_is_public'), leaf('user_is_admin')], subject())).toBe(false)
  })

  const yes = leaf('room_is_public')
  const no = leaf('user_is_admin')
  it.each([
    [{ type: 'or', conditions: [no, yes] }, true],
    [{ type: 'OR', conditions: [no, no] }, false],
    [{ type: 'and', conditions: [yes, no] }, false],
    [{ type: 'AND', conditions: [yes, yes] }, true],
    [{ conditions: [yes, no] }, false],
    [{ conditions: [yes, yes] }, true],
    [{ type: 'or', conditions: [{ type: 'and', conditions: [yes, no] }, yes] }, true],
    [{ type: 'xor', conditions: [yes, no] }, false],
    [leaf('moon_is_full'), false],
    [{ ...leaf('moon_is_full'), invert: true }, true],
    [leaf('toString'), false],
    ['room_is_public', false],
    [null, false],
    [leaf('glance_matches', { metadata: 'x' }), false],
    [matching({ regex: { pattern: 5 } }), false],
    [{ ...matching({ regex: { pattern: '(', flags: '' } }), invert: true }, false],
  ])('%j evaluates to %j', (condition, expected) => {
    expect(holds([condition], about(message(), { glance }))).toBe(expected)
  })

  it.each([
    ['no metadata', undefined, [], false],
    ['a member that it does not have itself', {}, [{ attr: 'constructor.name', eq: 'Object' }], false],
    ['strict equality', { n: 1 }, [{ attr: 'n', eq: '1' }], false],
    ['one operator only, eq before gt', { n: 1 }, [{ attr: 'n', eq: 1, gt: 5 }], true],
    ['an unknown operator', { n: 1 }, [{ attr: 'n', ne: 2 }], false],
    ['texts by their order', { day: '2017-02-03' }, [{ attr: 'day', gt: '2017-02-02' }], true],
    ['nothing that could be compared', { n: null }, [{ attr: 'n', lt: 5 }], false],
  ])('match metadata: %s', (_, given, entries, expected) => {
    expect(holds([onGlance(...entries)], subject({ glance: { metadata: given } }))).toBe(expected)
  })

  it('report the patterns they need, however deep, and that they wait for data', () => {
    const regex = { pattern: 'a', flags: 'i' }
    const nested = [{ type: 'or', conditions: [yes, { type: 'and', conditions: [matching({ regex })] }] }]
    expect(patternsIn(nested)).toEqual([regex])
    expect(patternsIn([yes, null, matching({ regex: 5 })])).toEqual([])
    expect(asksForGlance(nested)).toBe(false)
    expect(asksForGlance([{ type: 'or', conditions: [yes, onGlance()] }])).toBe(true)
  })
})
