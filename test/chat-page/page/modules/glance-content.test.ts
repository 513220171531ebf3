import { describe, expect, it } from 'vitest'
import { readOptions } from '../../../../src/chat-page/page/modules/dialog-options.ts'
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

describe('the options of a dialog', () => {
  it('have their defaults', () => {
    expect(readOptions({})).toEqual({
      warning: false,
      width: 'min(600px, calc(100vw - 32px))',
      height: 'min(400px, calc(100vh - 160px))',
      primaryAction: undefined,
      secondaryActions: [{ name: 'Close', key: undefined, enabled: true }],
      hint: undefined,
      filter: undefined,
    })
  })

  it('have texts as a descriptor writes them, and plain strings', () => {
    const read = readOptions({
      style: 'warning',
      primaryAction: { name: { value: 'Go' }, enabled: false },
      secondaryActions: [{ name: 'Later', key: 'later' }, { key: 'nameless' }],
      hint: { value: 'Mind' },
      filter: { placeholder: { value: 'Look for' } },
    })
    expect(read).toMatchObject({
      warning: true,
      primaryAction: { name: 'Go', key: 'primary-action-selected', enabled: false },
      secondaryActions: [{ name: 'Later', key: 'later', enabled: true }],
      hint: 'Mind',
      filter: { placeholder: 'Look for' },
    })
    expect(readOptions({ secondaryActions: [], filter: {} })).toMatchObject({
      secondaryActions: [],
      filter: { placeholder: 'Filter' },
    })
  })

  it.each([
    ['small', 'min(400px, calc(100vw - 32px))', 'min(240px, calc(100vh - 160px))'],
    ['xlarge', 'min(968px, calc(100vw - 32px))', 'min(680px, calc(100vh - 160px))'],
    ['huge', 'min(600px, calc(100vw - 32px))', 'min(400px, calc(100vh - 160px))'],
    ['toString', 'min(600px, calc(100vw - 32px))', 'min(400px, calc(100vh - 160px))'],
    [{ width: '1045px', height: '60%' }, 'min(1045px, calc(100vw - 32px))', 'calc(0.6 * (100vh - 160px))'],
    [{ width: '400%', height: '5em' }, 'calc(1 * (100vw - 32px))', 'min(400px, calc(100vh - 160px))'],
    [
      { width: '10px);position:fixed', height: 5 },
      'min(600px, calc(100vw - 32px))',
      'min(400px, calc(100vh - 160px))',
    ],
  ])('accept the size %j', (size, width, height) => {
    expect(readOptions({ size })).toMatchObject({ width, height })
  })
})
