import { describe, expect, it } from 'vitest'
import { readGlance } from '../../../../src/chat-page/page/modules/glance-content.ts'

const label = { type: 'html', value: '<b>3</b> waiting' }

describe('the content of a glance', () => {
  it.each([
    [{ label }],
    [{ label, metadata: { configured: true } }],
    [{ label, status: { type: 'lozenge', value: { type: 'complete', label: 'DONE' } } }],
    [{ label, status: { type: 'icon', value: { url: 'http://x/a', 'url@2x': 'http://x/b' } } }],
    [{ label: { type: 'html', value: '😀'.repeat(1000) } }],
  ])('is accepted: %j', (content) => {
    expect(readGlance(content)).toEqual(content)
  })

  it('is accepted without unknown members', () => {
    expect(readGlance({ label: { ...label, more: 1 }, other: 2 })).toEqual({ label })
  })

  it.each([
    [null, 'it is not an object'],
    [[], 'it is not an object'],
    [{}, 'label is not an object'],
    [{ label: { type: 'text', value: 'a' } }, 'label.type is not html'],
    [{ label: { type: 'html', value: '' } }, 'label.value is not a string of 1 to 1000 characters'],
    [
      { label: { type: 'html', value: 'x'.repeat(1001) } },
      'label.value is not a string of 1 to 1000 characters',
    ],
    [{ label, metadata: '{}' }, 'metadata is not an object'],
    [{ label, status: { type: 'lozenge' } }, 'status has no value'],
    [{ label, status: { type: 'text', value: {} } }, 'status.type is neither lozenge nor icon'],
    [
      { label, status: { type: 'lozenge', value: { type: 'empty', label: 'A' } } },
      'status.value.type is not one of default, success, error, current, new, moved, complete',
    ],
    [
      { label, status: { type: 'lozenge', value: { type: 'new', label: 'x'.repeat(21) } } },
      'status.value.label is not a string of 1 to 20 characters',
    ],
    [{ label, status: { type: 'icon', value: { url: 'http://x/a' } } }, 'status.value has no url and url@2x'],
  ])('is refused: %j', (content, reason) => {
    expect(readGlance(content)).toBe(reason)
  })
})
