import { describe, expect, it } from 'vitest'
import { readOptions } from '../../../../src/chat-page/page/modules/dialog-options.ts'

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
