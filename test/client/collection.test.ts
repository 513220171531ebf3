import { describe, expect, it, vi } from 'vitest'
import type { Page } from '../../src/api/objects.ts'
import { createCollection } from '../../src/client/collection.ts'

type Load = (startIndex: number) => Promise<Page<string>>

const link = (query: string) => ({ self: 'https://h/v2/room', next: `https://h/v2/room${query}` })

/** The letters of a text, some at a time. */
const letters =
  (text: string, size: number): Load =>
  async (index) => ({
    items: [...text.slice(index, index + size)],
    startIndex: index,
    maxResults: size,
    links: index + size < text.length ? link(`?start-index=${index + size}`) : { self: 'https://h/v2/room' },
  })

const starts = (load: ReturnType<typeof vi.fn<Load>>) => load.mock.calls.map(([index]) => index)

describe('a collection', () => {
  it('sends nothing before it is used', () => {
    const load = vi.fn(letters('abc', 2))
    createCollection(load, 0).pages()
    expect(load).not.toHaveBeenCalled()
  })

  it('returns its first page when it is awaited', async () => {
    const load = vi.fn(letters('abcde', 2))
    const page = await createCollection(load, 0)
    expect(page.items).toEqual(['a', 'b'])
    expect(starts(load)).toEqual([0])
  })

  it('iterates over all items of all pages', async () => {
    const load = vi.fn(letters('abcde', 2))
    let seen = ''
    for await (const letter of createCollection(load, 0)) seen += letter
    expect(seen).toBe('abcde')
    expect(starts(load)).toEqual([0, 2, 4])
  })

  it('iterates over pages, and returns all items as an array', async () => {
    const collection = createCollection(letters('abcde', 2), 0)
    const sizes: number[] = []
    for await (const page of collection.pages()) sizes.push(page.items.length)
    expect(sizes).toEqual([2, 2, 1])
    expect(await collection.toArray()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('fetches no more pages once the loop is left', async () => {
    const load = vi.fn(letters('abcde', 2))
    for await (const letter of createCollection(load, 0)) if (letter === 'b') break
    expect(starts(load)).toEqual([0])
  })

  it('starts at the given start-index', async () => {
    const load = vi.fn(letters('abcde', 2))
    expect(await createCollection(load, 3).toArray()).toEqual(['d', 'e'])
    expect(starts(load)).toEqual([3])
    expect((await createCollection(load, 1)).items).toEqual(['b', 'c'])
  })

  it('rejects with the error of a page, after the items of earlier pages', async () => {
    const load: Load = async (index) => {
      if (index > 0) throw new Error('gone')
      return letters('abcde', 2)(0)
    }
    const seen: string[] = []
    await expect(async () => {
      for await (const letter of createCollection(load, 0)) seen.push(letter)
    }).rejects.toThrow('gone')
    expect(seen).toEqual(['a', 'b'])
    await expect(createCollection(() => Promise.reject(new Error('away')), 0)).rejects.toThrow('away')
  })

  it('continues without links until a page is not full', async () => {
    const load = vi.fn<Load>(async (index) => ({
      items: [...'abcde'.slice(index, index + 2)],
      maxResults: 2,
    }))
    expect(await createCollection(load, 0).toArray()).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(starts(load)).toEqual([0, 2, 4])
  })

  it('consists of its first page without links and page size', async () => {
    expect(await createCollection(async () => ({ items: ['a', 'b'] }), 0).toArray()).toEqual(['a', 'b'])
  })

  it('counts the items when the next address names no index', async () => {
    const load = vi.fn<Load>(async (index) => ({
      items: [...'abcde'.slice(index, index + 2)],
      links: index < 4 ? link('?page=next') : { self: 'https://h/v2/room' },
    }))
    expect(await createCollection(load, 0).toArray()).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(starts(load)).toEqual([0, 2, 4])
  })

  it('never follows the next address itself', async () => {
    const load = vi.fn<Load>(async (index) => ({
      items: [String(index)],
      links: { self: '', ...(index < 5 ? { next: 'https://evil.example.org/?a=b&start-index=5' } : {}) },
    }))
    expect(await createCollection(load, 0).toArray()).toEqual(['0', '5'])
  })

  it.each([
    ['names itself as the next', '?start-index=0'],
    ['goes back', '?start-index=-2'],
    ['names no index', ''],
    ['always names the same next', '?start-index=2'],
  ])('ends when a page that %s is repeated forever', async (_, query) => {
    const load = vi.fn<Load>(async () => ({ items: ['a', 'b'], maxResults: 2, links: link(query) }))
    expect(await createCollection(load, 0).toArray()).toEqual(['a', 'b'])
  })

  it('ends when pages are full forever, or empty forever', async () => {
    const full = async () => ({ items: ['a', 'b'], maxResults: 2 })
    expect(await createCollection(full, 0).toArray()).toEqual(['a', 'b'])
    const empty: Load = async (index) => ({ items: [], links: link(`?start-index=${index + 2}`) })
    expect(await createCollection(empty, 0).toArray()).toEqual([])
  })

  it('ends when the next address goes back to an earlier page', async () => {
    const load = vi.fn<Load>(async (index) => {
      if (load.mock.calls.length > 5) throw new Error('round and round')
      return { items: [String(index)], links: link(`?start-index=${index === 0 ? 2 : 0}`) }
    })
    expect(await createCollection(load, 0).toArray()).toEqual(['0', '2'])
  })

  it('continues after one empty page', async () => {
    const load: Load = async (index) =>
      index === 2 ? { items: [], links: link('?start-index=4') } : letters('abcdef', 2)(index)
    expect(await createCollection(load, 0).toArray()).toEqual(['a', 'b', 'e', 'f'])
  })
})
