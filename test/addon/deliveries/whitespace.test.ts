import { describe, expect, it } from 'vitest'
import { parseArguments, parseUsage } from '../../../src/addon/deliveries/command.ts'
import { startWorld } from '../../support.ts'

const words = (text: string) => {
  const parsed = parseArguments(parseUsage('/x [words...]', ''), text)
  return parsed.ok ? parsed.args['words'] : parsed.fault
}

describe('a command in a room', () => {
  it.each([
    ['Option+Space', '\u00a0'],
    ['a narrow space', '\u202f'],
    ['an ideographic space', '\u3000'],
    ['a next line', '\u0085'],
    ['a tab', '\t'],
  ])('with %s as its space reaches its handler, with separate arguments', async (_, blank) => {
    const { install, say } = await startWorld((addon) => {
      addon.command('/roll <dice> [note...]', ({ args }) => `${args.dice}|${args.note.join('|')}`)
      addon.webhook('room_message', { pattern: /^\/deploy (\w+)/ }, ({ match }) => `deploys ${match?.[1]}`)
      addon.webhook(
        'room_message',
        { pattern: /^(?=\/local )\/local (\w+)/ },
        ({ match }) => `here ${match?.[1]}`,
      )
    })
    await install()
    expect(await say(`/roll${blank}2d6${blank}for${blank}luck`)).toEqual(['2d6|for|luck'])
    if (blank === '\u0085' || blank === '\t') return
    expect(await say(`/deploy${blank}staging`)).toEqual(['deploys staging'])
    expect(await say(`/local${blank}x`)).toEqual(['here x'])
  })
})

describe('the words of a command', () => {
  it.each<[string, string[]]>([
    ['a\u00a0b\u202fc\u3000d\u0085e\u2009f', ['a', 'b', 'c', 'd', 'e', 'f']],
    ['"a b" c', ['a b', 'c']],
    ['“a b” c', ['a b', 'c']],
    ['”a b” c', ['a b', 'c']],
    ['„a b“ c', ['a b', 'c']],
    ['„a b” c', ['a b', 'c']],
    ['«a b» c', ['a b', 'c']],
    ['«\u202fa b\u00a0» c', ['a b', 'c']],
    ['»a b« c', ['a b', 'c']],
    ['»a b» c', ['a b', 'c']],
    ['‹a b› c', ['a b', 'c']],
    ['「a b」 c', ['a b', 'c']],
    ['‘a b’ c', ['a b', 'c']],
    ['‚a b‘ c', ['a b', 'c']],
    ['’a b’ c', ['a b', 'c']],
    ["'a b' c", ['a b', 'c']],
    // mixed, as written by keyboards that correct only one of the two
    ['"a b” c', ['a b', 'c']],
    ['“a b" c', ['a b', 'c']],
    ["‘a b' c", ['a b', 'c']],
    ["'a b’ c", ['a b', 'c']],
    ['„a b" c', ['a b', 'c']],
    // apostrophes
    ["don't 'it's on' don’t ‘it’s on’", ["don't", "it's on", 'don’t', 'it’s on']],
    ["'tis ’tis", ["'tis", '’tis']],
    ['rock ’n’ roll', ['rock', 'n', 'roll']],
    ["don't dogs' 'don't go' ＇don't go＇", ["don't", "dogs'", "don't go", "don't go"]],
    // full-width and corner ones
    ['＂a b＂ c', ['a b', 'c']],
    ['＂a b" “c d＂ e', ['a b', 'c d', 'e']],
    ['＇a b＇ c', ['a b', 'c']],
    ['〝a b〟 ｢c d｣ e', ['a b', 'c d', 'e']],
    // after an equals sign
    ['--m="a b" c', ['--m=a b', 'c']],
    ["m=“a b” n='c d' o=«e f» p=＂g h＂", ['m=a b', 'n=c d', 'o=e f', 'p=g h']],
    ['m="" n="a=b c" x', ['m=', 'n=a=b c', 'x']],
    ['m="say \\"hi\\" now" d="C:\\my tools\\" x', ['m=say "hi" now', 'd=C:\\my tools\\', 'x']],
    ['m="a b', ['m="a', 'b']],
    ['m="a b"c d', ['m="a', 'b"c', 'd']],
    ['<a href="x y">', ['<a', 'href="x', 'y">']],
    ["a=b=c m=it's n=", ['a=b=c', "m=it's", 'n=']],
    // one kind inside another
    ['“a "b" c”', ['a "b" c']],
    ['"a “b” c" d', ['a “b” c', 'd']],
    ['„a "b c" d“ e', ['a "b c" d', 'e']],
    ['"a „b“ c" d', ['a „b“ c', 'd']],
    ['“"a" b” c', ['"a" b', 'c']],
    ['“a “b” c” d', ['a “b” c', 'd']],
    ['“a "b c” d', ['a "b c', 'd']],
    ['“a “b c” d', ['a “b c', 'd']],
    ['“a b" “c d" e', ['a b', 'c d', 'e']],
    ['“say ‘a b’ now”', ['say ‘a b’ now']],
    ['«a "b" c»', ['a "b" c']],
    ['"a «b» c"', ['a «b» c']],
    ['5" 3’ x"y', ['5"', '3’', 'x"y']],
    ['«a b', ['«a', 'b']],
    ['a« »', ['a«', '»']],
    ['"" “” «»', ['', '', '']],
    // backslashes
    ['"C:\\Users\\ada" x', ['C:\\Users\\ada', 'x']],
    ['"C:\\tools\\" "D:\\x y\\"', ['C:\\tools\\', 'D:\\x y\\']],
    ['"\\\\server\\share"', ['\\\\server\\share']],
    ['“C:\\new dir” «C:\\new dir»', ['C:\\new dir', 'C:\\new dir']],
    ["'C:\\new dir\\'", ['C:\\new dir\\']],
    ['C:\\new\\dir', ['C:\\new\\dir']],
    ['"a \\"quoted\\" word"', ['a "quoted" word']],
    ['"a \\"quoted\\"" b', ['a "quoted"', 'b']],
    ['"^\\d+\\s"', ['^\\d+\\s']],
  ])('of %j are separated', (text, expected) => {
    expect(words(text)).toEqual(expected)
  })

  it.each(['"a', '“a b', '„a', '”a b', '"a \\"b\\"'])(
    'are refused where a quotation stays open: %j',
    (text) => {
      expect(words(text)).toBe('A quotation mark is not closed.')
    },
  )

  it.each(['«a ', '‘a ', "'a", '» ', '"a\\" ', '„a“'])(
    'are read in their time from a megabyte of %j',
    (piece) => {
      expect(words(piece.repeat(Math.ceil(1_000_000 / piece.length)))).toBeDefined()
    },
  )
})
