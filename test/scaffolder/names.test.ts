import { describe, expect, it } from 'vitest'
import { namesFor } from '../../templates/names.ts'

const reserved = ['hipchat-addon', 'vitest']

describe('the names of an add-on', () => {
  it.each([
    ['my-addon', 'my-addon', 'My addon'],
    ['/somewhere/else/Dice', 'dice', 'Dice'],
    ['My Add On', 'my-add-on', 'My Add On'],
    ['Münze & Würfel', 'munze-wurfel', 'Münze Würfel'],
    ['Straße', 'strasse', 'Straße'],
    ['roll.the_dice', 'roll.the_dice', 'Roll.the dice'],
    ['..hidden--', 'hidden', 'Hidden'],
    ['a..b--c', 'a.b-c', 'A..b c'],
    ["it's `x` $y \\ <b>", 'it-s-x-y-b', 'It s x y b'],
    ['骰子', 'my-addon', '骰子'],
    ['🎲', 'my-addon', 'My addon'],
  ])('%s is the package %s with the title %s', (folder, packageName, title) => {
    expect(namesFor(folder, reserved)).toEqual({
      packageName,
      shortName: packageName,
      key: `com.example.${packageName}`,
      title,
    })
  })

  it('keep the scope of a folder that has one', () => {
    expect(namesFor('@example/dice', reserved)).toMatchObject({
      packageName: '@example/dice',
      shortName: 'dice',
      key: 'com.example.dice',
    })
  })

  it.each([['hipchat-addon'], ['vitest'], ['http'], ['node_modules']])(
    'are none that npm or Node means something else by: %s',
    (name) => {
      expect(namesFor(name, reserved).packageName).toBe(`my-${name}`)
    },
  )

  it('follow from the current folder too', () => {
    expect(namesFor('.', reserved)).toEqual(namesFor(process.cwd(), reserved))
  })

  it('are not longer than others take', () => {
    const { packageName, title } = namesFor('x'.repeat(250), reserved)
    expect(packageName).toHaveLength(100)
    expect(title).toHaveLength(50)
  })
})
