import { expect, it } from 'vitest'
import { readPage } from './markdown.ts'

const manifest = (path: string) => JSON.parse(readPage(path))
const framework = manifest('package.json')
const scaffolder = manifest('templates/package.json')
const project = manifest('templates/shared/package.json')

/** The versions of the changelog with the groups of each. */
const changelog = readPage('CHANGELOG.md')
  .split(/^## /m)
  .slice(1)
  .map((text) => {
    const [title = '', ...lines] = text.split('\n')
    return { title, groups: lines.filter((line) => line.startsWith('### ')).map((line) => line.slice(4)) }
  })

it('the two packages have one version, and what the scaffolder makes asks for it', () => {
  expect(scaffolder.version).toBe(framework.version)
  expect(project.dependencies['hipchat-addon']).toBe(`^${framework.version}`)
})

it('the lock file has the versions of the manifests', () => {
  const { version, packages } = manifest('package-lock.json')
  expect([version, packages[''].version, packages['templates'].version]).toEqual(
    Array.from({ length: 3 }, () => framework.version),
  )
})

it('both packages, and what is made, run on the same Node, which the workflow tests first', () => {
  expect(scaffolder.engines).toEqual(framework.engines)
  expect(project.engines).toEqual(framework.engines)
  const [, least] = /^>=(\d+)\.\d+$/.exec(framework.engines.node) ?? []
  const [, tested] = /node: \[(\d+), /.exec(readPage('.github/workflows/ci.yml')) ?? []
  expect(tested).toBe(least)
  expect(readPage('docs/explanation/versions.md')).toContain(`Node ${framework.engines.node.slice(2)}`)
})

it('the changelog has a section for what is to come, or for this version', () => {
  const titles = changelog.map(({ title }) => title)
  expect(
    titles.some((title) => title === '[Unreleased]' || title.startsWith(`[${framework.version}] `)),
  ).toBe(true)
  // The newest first, each with its day.
  for (const title of titles.slice(titles[0] === '[Unreleased]' ? 1 : 0))
    expect(title).toMatch(/^\[\d+\.\d+\.\d+(-[\w.]+)?\] - \d{4}-\d{2}-\d{2}$/)
})

it('the changelog says of every change what kind it is', () => {
  for (const { title, groups } of changelog) {
    expect(groups.length, title).toBeGreaterThan(0)
    for (const group of groups)
      expect(['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'], title).toContain(group)
    expect(new Set(groups).size, title).toBe(groups.length)
  }
})
