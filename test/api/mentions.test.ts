import { describe, expect, it } from 'vitest'
import { mentionBefore, mentionsIn } from '../../src/api/mentions.ts'
import { folded } from '../../src/common/text.ts'

const known = (...names: string[]) => {
  const folds = new Map(names.map((name) => [folded(name), name]))
  return (name: string) => folds.get(folded(name))
}

const people = known(
  'alice',
  'bob',
  'alice-smith',
  'al',
  'dr.who',
  'bob.',
  '田中',
  '田中太郎',
  '김철수',
  'andré',
  'all',
  'here',
  'snake_case',
)

const found = (text: string) => mentionsIn(text, people).map((one) => one.found)

describe('a mention', () => {
  it.each([
    ['@alice', ['alice']],
    ['@Alice, @BOB and @nobody', ['alice', 'bob']],
    // as input methods write it
    ['＠alice', ['alice']],
    ['こんにちは＠aliceさん、＠田中さん', ['alice', '田中']],
    ['(＠alice-smith) ＠all', ['alice-smith', 'all']],
    ['mail alice＠example.com', []],
    ['@＠alice', ['alice']],
    ['＠alicea', []],
    // punctuation of the sentence
    ['@alice-san', ['alice']],
    ['cc @alice.Thanks', ['alice']],
    ['Thanks.@alice', ['alice']],
    ['(@alice)', ['alice']],
    ['@alice... @alice-- @alice.', ['alice', 'alice', 'alice']],
    ["@alice's", ['alice']],
    ['@alice/@bob', ['alice', 'bob']],
    ['@al.', ['al']],
    // the longest known name
    ['@alice-smith', ['alice-smith']],
    ['@alice-smith.Thanks', ['alice-smith']],
    ['@alice-smithson', ['alice']],
    ['@dr.who', ['dr.who']],
    ['@dr.whom', []],
    ['@bob.', ['bob.']],
    ['@bob..', ['bob.']],
    ['@bob.Thanks', ['bob.']],
    ['@田中太郎さん', ['田中太郎']],
    ['@田中さん', ['田中']],
    ['@snake_case-ish', ['snake_case']],
    // next to letters of languages without spaces between words
    ['こんにちは@aliceさん', ['alice']],
    ['你好@alice请看', ['alice']],
    ['@김철수님 @alice님', ['김철수', 'alice']],
    ['ครับ@aliceครับ', ['alice']],
    ['はい、@bobと@alice', ['bob', 'alice']],
    // letters of others go on
    ['@alicea', []],
    ['@alice2', []],
    ['@alice_', []],
    ['@aliceж', []],
    ['@André and @andre\u0301', ['andré', 'andré']],
    ['@alice\u0301', []],
    // addresses
    ['mail alice@example.com, bob@alice.com', []],
    ['привет@alice', []],
    ['e\u0301@alice', []],
    ['https://example.com/@alice and @bob', ['bob']],
    ['see https://example.com/a?to=@alice.', []],
    // everybody
    ['@all @here', ['all', 'here']],
    ['@all-hands, @here: look', ['all', 'here']],
    ['@allsorts', []],
    ['@', []],
    ['@@alice', ['alice']],
    ['', []],
  ])('in %j is of %j', (text, names) => {
    expect(found(text)).toEqual(names)
  })

  it('is found with its place in the text', () => {
    const text = '😀 はい@aliceさん'
    const [one] = mentionsIn(text, people)
    expect(text.slice(one?.from, one?.to)).toBe('@alice')
    expect(one?.name).toBe('alice')
    const [wide] = mentionsIn('はい＠aliceさん', people)
    expect(wide).toEqual({ from: 2, to: 8, name: 'alice', found: 'alice' })
  })

  it('is found with a number of look-ups that is linear in the length of the text', () => {
    const looks = (text: string) => {
      let count = 0
      mentionsIn(text, (name) => {
        count += 1 + name.length
        return undefined
      })
      return count
    }
    for (const piece of ['@あ', '@a ', '@a.b-c ', '@a-'])
      expect([piece, looks(piece.repeat(2_000)) / looks(piece.repeat(1_000))]).toEqual([piece, 2])
    for (const text of [`@${'あ'.repeat(9_000)}`, `@${'a.'.repeat(4_500)}`, `@${'-'.repeat(9_000)}`])
      expect(looks(text)).toBeLessThan(6_000)
  })
})

describe('a mention that is being typed', () => {
  it.each([
    ['@', ''],
    ['hello @al', 'al'],
    ['＠', ''],
    ['hello ＠al', 'al'],
    ['@bob こんにちは＠al', 'al'],
    ['mail alice＠ex', undefined],
    ['こんにちは@al', 'al'],
    ['はい、@', ''],
    ['(@alice-s', 'alice-s'],
    ['Thanks.@a', 'a'],
    ['mail alice@ex', undefined],
    ['привет@al', undefined],
    ['@alice ', undefined],
    ['nothing', undefined],
    [`@${'a'.repeat(51)}`, undefined],
  ])('at the end of %j is %j', (text, name) => {
    expect(mentionBefore(text)).toBe(name)
  })
})
