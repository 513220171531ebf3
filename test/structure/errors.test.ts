import * as publicApi from 'hipchat-addon'
import { describe, expect, it } from 'vitest'
import { errorCodes, signedRequestFaults } from '../../src/errors.ts'
import { codeIn, readPage, rows, section } from './markdown.ts'

const page = readPage('docs/reference/errors.md')

const listed = rows(page.split('\n## ')[0] ?? '').map(([code = '', name = '', ...rest]) => ({
  code: codeIn(code)[0] ?? '',
  name: codeIn(name)[0] ?? '',
  rest,
}))

const classes = Object.entries(publicApi).filter(
  ([, value]) =>
    typeof value === 'function' &&
    value !== publicApi.HipChatAddonError &&
    value.prototype instanceof publicApi.HipChatAddonError,
)

describe('the errors of the package', () => {
  it('have an entry each in docs/reference/errors.md, and there are no others', () => {
    expect(listed.map(({ code }) => code).toSorted()).toEqual(errorCodes.toSorted())
  })

  it('are classes that an author can import, and the reference names them all', () => {
    expect(listed.map(({ name }) => name).toSorted()).toEqual(classes.map(([name]) => name).toSorted())
  })

  /** Whatever a constructor wants to be told, its members are the same. */
  function made(name: string) {
    const found = classes.find(([other]) => other === name)?.[1] as unknown as typeof Error // filtered for it above
    return Reflect.construct(found, ['text', 'api', new Date(0), []])
  }

  it.each(listed)('$code is the code of $name', ({ code, name }) => {
    const error = made(name)
    expect(error.code).toBe(code)
    expect(error.name).toBe(name)
  })

  it.each(listed)('$name has its members named', ({ name, rest }) => {
    const members = Object.keys(made(name)).filter((member) => member !== 'code')
    expect(codeIn(rest.join(' '))).toEqual(expect.arrayContaining(members))
  })

  it('have the faults that the reference lists', () => {
    const faults = rows(section(page, 'Faults of signed requests')).map(([fault = '']) => codeIn(fault)[0])
    expect(faults).toEqual(signedRequestFaults)
  })

  it.each(listed)('$code says when it comes and what to do', ({ rest }) => {
    expect(rest).toHaveLength(2)
    for (const cell of rest) expect(cell).toMatch(/\S.{15}/)
  })
})
