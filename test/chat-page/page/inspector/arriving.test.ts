import { describe, expect, it } from 'vitest'
import { createArriving } from '../../../../src/chat-page/page/inspector/arriving.ts'

const ids = (items: readonly { readonly id: number }[]) => items.map(({ id }) => id)

describe('a list of arriving items', () => {
  it('keeps the items that arrived while the whole list was loading', () => {
    const list = createArriving()
    list.add([{ id: 3 }]) // heard
    list.add([{ id: 1 }, { id: 2 }]) // listed before 3 was there
    expect(ids(list.items.value)).toEqual([3, 2, 1])
  })

  it('holds back a whole list that arrives when it is already paused', () => {
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

  it('shows the new state of visible items, paused or not, and does not count it as new', () => {
    const list = createArriving<{ id: number; status?: number }>()
    list.add([{ id: 1 }])
    list.setPaused(true)
    list.add([{ id: 1, status: 200 }])
    expect(list.items.value).toEqual([{ id: 1, status: 200 }])
    expect(list.waiting.value).toEqual([])
  })

  it('does not bring back cleared items before it restarts', () => {
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
