import { describe, expect, it } from 'vitest'
import { findMentions } from '../../../src/server/chat/mentions.ts'

describe('work on foreign input', () => {
  it('does not grow with the square of a mention without an end', () => {
    let asked = 0
    const people = {
      byMention(name: string) {
        asked += name.length
        return undefined
      },
    }
    expect(findMentions(`@${'-'.repeat(9_990)}a`, people)).toEqual([])
    expect(asked).toBeLessThanOrEqual(100)
  })
})
