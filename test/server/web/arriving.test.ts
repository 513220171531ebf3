import { describe, expect, it } from 'vitest'
import { createArriving } from '../../../src/chat-page/page/inspector/arriving.ts'

const ids = (items: readonly { readonly id: number }[]) => items.map(({ id }) => id)

describe('a list of what arrives', () => {
  it('keeps what was heard while the whole list was on its way', () => {
    const list = createArriving()
    list.add([{ id: 3 }]) // heard
    list.add([{ id: 1 }, { id: 2 }]) // listed before 3 was there
    expect(ids(list.items.value)).toEqual([3, 2, 1])
  })

  it('holds back a whole list that comes when it is paused already', () => {
    const list = createArriving()
    list.add([{ id: 1 }])
    list.setPaused(true)
    list.add([{ id: 2 }])
    list.add([{ id: 1 }, { id: 2 }, { id: 3 }])
    expect(ids(list.items.value)).toEqual([1])
    expect(ids(list.waiting.value)).toEqual([3, 2])
    list.setPaused(false)
    expect(ids(list.items.value)).toEqual([3, 2, 1])
    expect(list.waiting.value).toEqual([])
  })

  it('shows the new state of what is shown, paused or not, and does not count it as new', () => {
    const list = createArriving<{ id: number; status?: number }>()
    list.add([{ id: 1 }])
    list.setPaused(true)
    list.add([{ id: 1, status: 200 }])
    expect(list.items.value).toEqual([{ id: 1, status: 200 }])
    expect(list.waiting.value).toEqual([])
  })

  it('does not bring back what was cleared, before it restarts', () => {
    const list = createArriving()
    list.add([{ id: 1 }, { id: 2 }])
    list.clear()
    list.add([{ id: 2 }, { id: 3 }])
    expect(ids(list.items.value)).toEqual([3])
    list.setPaused(true)
    list.restart()
    list.add([{ id: 1 }])
    expect(ids(list.items.value)).toEqual([1])
  })
})
