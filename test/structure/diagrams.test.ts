import { describe, expect, it } from 'vitest'
import { diagrams } from '../../docs/diagrams/diagrams.ts'
import { draw } from '../../docs/diagrams/draw.ts'
import { readPage } from './markdown.ts'

const page = readPage('docs/explanation/request-path.md')

/** What stands below a picture, up to the next heading. */
const below = (picture: string): string =>
  page.split(`(../images/${picture}.svg)`)[1]?.split('\n## ')[0] ?? ''

describe.each(Object.entries(diagrams))('the picture %s', (name, diagram) => {
  it('is drawn as it is described; `--update` draws it again', async () => {
    await expect(draw(diagram)).toMatchFileSnapshot(`../../docs/images/${name}.svg`)
  })

  it('has an explanation of each step, under its number', () => {
    const numbers = [...below(name).matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number))
    expect(numbers).toEqual(diagram.steps.map((_, index) => index + 1))
  })

  it('is said to have as many steps as it has, for who cannot see it', () => {
    const [, said] =
      new RegExp(`!\\[A sequence of (\\d+) steps[^\\]]*\\]\\(\\.\\./images/${name}\\.svg\\)`).exec(page) ?? []
    expect(Number(said)).toBe(diagram.steps.length)
  })
})
