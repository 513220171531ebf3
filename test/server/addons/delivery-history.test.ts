import { describe, expect, it } from 'vitest'
import { shownResponse } from '../../../src/server/addons/delivery-history.ts'

describe('work on foreign input', () => {
  it('does not grow with the square of an answer that looks like tokens', () => {
    const { body } = shownResponse({}, 'eyJ'.repeat(90_000))
    expect(body).toHaveLength(4_097)
    expect(
      shownResponse({}, `${'x'.repeat(4_000)}eyJhbGciOi.eyJpc3MiOi.${'s'.repeat(200)}`).body,
    ).not.toMatch(/eyJ/)
  })
})
