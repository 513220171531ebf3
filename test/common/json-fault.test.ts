import { describe, expect, it } from 'vitest'
import { jsonFault, jsonFaultText } from '../../src/common/json-fault.ts'
import { endless, fc } from '../properties/runs.ts'

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('the fault in a text that is not JSON', () => {
  it.each([
    ['{"message":', 'at line 1, column 12: expected a value, got the end'],
    ['{"a": 1,}', 'at line 1, column 9: expected the name of a member in double quotes, got }'],
    ['{\n  "a": 1\n  "b": 2\n}', 'at line 3, column 3: expected a comma, or }, got "'],
    ['{\r\n"a": tru}', 'at line 2, column 6: expected a value, got t'],
    ["{'a': 1}", "at line 1, column 2: expected the name of a member in double quotes, or }, got '"],
    ['[1, 2', 'at line 1, column 6: expected a comma, or ], got the end'],
    ['[1,]', 'at line 1, column 4: expected a value, got ]'],
    ['[1}', 'at line 1, column 3: expected a comma, or ], got }'],
    ['{"a" 1}', 'at line 1, column 6: expected a colon, got 1'],
    ['{} {}', 'at line 1, column 4: expected the end, got {'],
    ['"a\\x"', 'at line 1, column 3: expected a valid escape, got \\'],
    [
      '{"a": "😀\n"}',
      'at line 1, column 9: expected the end of a string, or a character allowed in strings, got U+000A',
    ],
    ['', 'at line 1, column 1: expected a value, got the end'],
    ['\u00a0{}', 'at line 1, column 1: expected a value, got U+00A0'],
  ])('in %j is reported with its place', (text, said) => {
    const fault = jsonFault(text)
    expect(fault && jsonFaultText(fault)).toBe(said)
  })

  it('exists exactly when a text is not JSON', () => {
    const pieces = fc.constantFrom(
      ...'{}[]",:\\ \n\t',
      'true',
      'nul',
      '1',
      '-0.5e3',
      '01',
      '"a"',
      '\\u00e9',
      'x',
    )
    const texts = fc.oneof(
      fc.json(),
      fc.array(pieces, { maxLength: 8 }).map((list) => list.join('')),
      fc.tuple(fc.json(), fc.nat(), pieces).map(([json, at, piece]) => {
        const place = at % (json.length + 1)
        return json.slice(0, place) + piece + json.slice(place + 1)
      }),
    )
    fc.assert(
      fc.property(texts, (text) => {
        expect(jsonFault(text) === undefined).toBe(isJson(text))
      }),
    )
  })

  it.each(['[', '{"a":', '"\\\\', '1', ' '])('is found at the end of a megabyte of %j', (piece) => {
    expect(jsonFault(`${endless(piece)}!`)).toBeDefined()
  })
})
