import { describe, expect, expectTypeOf, it } from 'vitest'
import { type Arguments, parseArguments, parseUsage } from '../../../src/addon/deliveries/command.ts'

const args = (usage: string, text: string) => parseArguments(parseUsage(usage, ''), text)

describe('a command', () => {
  it.each([
    ['/roll <dice>', '2d6', { dice: '2d6' }],
    ['/roll [dice]', '', { dice: undefined }],
    ['/note <title> [words...]', 'todo buy  milk', { title: 'todo', words: ['buy', 'milk'] }],
    ['/note [words...]', '', { words: [] }],
    ['/say <what>', '"hello there"', { what: 'hello there' }],
    ['/say <what>', "'hello there'", { what: 'hello there' }],
    ['/say <what>', '“hello there”', { what: 'hello there' }],
    ['/say <what>', '"a \\"quoted\\" word"', { what: 'a "quoted" word' }],
    ['/say [words...]', "don't panic", { words: ["don't", 'panic'] }],
    ['/say <a> <b>', 'x\ny', { a: 'x', b: 'y' }],
  ])('%s reads %j', (usage, text, expected) => {
    expect(args(usage, text)).toEqual({ ok: true, args: expected })
  })

  it.each([
    ['/roll <dice>', '', '<dice> is missing.'],
    ['/roll [dice]', '2d6 now please', 'Unexpected: “now please”.'],
    ['/say <what>', '"hello', 'A quotation mark is not closed.'],
  ])('%s reports what is wrong with %j', (usage, text, fault) => {
    expect(args(usage, text)).toEqual({ ok: false, fault })
  })

  it.each([
    ['roll', /expected a name such as \/roll, made of letters, digits, - and _; got "roll"/],
    ['/', /got "\/"/],
    ['/roll dice', /command \/roll: expected <required>, \[optional\] or \[rest...\], got "dice"/],
    ['/roll [a...] <b>', /nothing can follow \[a...\]/],
    ['/roll [a] <b>', /the required <b> cannot follow the optional \[a\]/],
    ['/roll <a> [a]', /two arguments are called a/],
  ])('%s is refused by name', (usage, message) => {
    expect(() => parseUsage(usage, '')).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', message: expect.stringMatching(message) }),
    )
  })

  it('is matched in any case, and not inside another word', () => {
    const { pattern } = parseUsage('/roll [dice]', '')
    expect(pattern.exec('/Roll 2d6')?.[1]).toBe('2d6')
    expect(pattern.test('/rolling')).toBe(false)
    expect(pattern.test('say /roll')).toBe(false)
  })

  it('has arguments typed by its usage', () => {
    type Given = Arguments<'/note <title> [colour] [words...]'>
    expectTypeOf<Given['title']>().toEqualTypeOf<string>()
    expectTypeOf<Given['colour']>().toEqualTypeOf<string | undefined>()
    expectTypeOf<Given['words']>().toEqualTypeOf<string[]>()
    // @ts-expect-error there is no such argument
    type _Unknown = Given['other']
  })
})
