import { describe, expect, it } from 'vitest'
import { namesFor } from '../../templates/names.ts'
import { projectFrom, templateNames } from '../../templates/project.ts'
import { type Context, faultsOf, ignoredBy } from './dockerfile.ts'

/** A new project from a template, as far as its image is built from it. */
function projectOf(template: (typeof templateNames)[number]): { dockerfile: string; context: Context } {
  const project = projectFrom(template, namesFor('dice', []))
  const fileOf = (path: string): string => project.get(path) ?? ''
  const [, least] = /^>=(\d+)/.exec(JSON.parse(fileOf('package.json')).engines.node) ?? []
  const context = {
    dockerignore: fileOf('.dockerignore'),
    files: [...project.keys()],
    leastNode: Number(least),
  }
  return { dockerfile: fileOf('Dockerfile'), context }
}

describe.each(templateNames)('the Dockerfile of an add-on made from %s', (template) => {
  const { dockerfile, context } = projectOf(template)

  it('is one that Docker takes, and builds an image that starts', () => {
    expect(faultsOf(dockerfile, context)).toEqual([])
  })

  it('keeps secrets, and what the image builds itself, out of the image', () => {
    const ignored = ignoredBy(context.dockerignore)
    for (const path of ['.env', '.git/config', 'node_modules/koa/package.json', 'dist/index.js'])
      expect(ignored(path), path).toBe(true)
    expect(ignored('package-lock.json')).toBe(false)
  })
})

it.each([
  ['FROM node:24-slim AS build', 'FORM node:24-slim AS build', 'Unknown instruction: FORM'],
  ['COPY . .', 'COPY .', 'line 6: COPY requires at least two arguments'],
  ['--interval=30s', '--interval=30', 'missing unit in duration 30'],
  ['EXPOSE 3000', 'EXPOSE http', 'Invalid containerPort: http'],
  ['["node", "dist/index.js"]', "['node', 'dist/index.js']", 'using single quotes'],
  ['WORKDIR /app', 'WORKDIR app', 'WORKDIR paths should be absolute'],
  ['node:24-slim', 'node:latest', 'node:latest: expected node with a major'],
  ['node:24-slim', 'node:18-slim', 'node:18-slim: the project needs Node 20 or later'],
  ['node:24-slim', 'node:25-slim', 'node:25-slim: odd majors'],
  ['AS build', '', 'COPY --from=build: no stage before has that name'],
  ['COPY package.json', 'COPY packages.json', 'COPY packages.json: the project has no such file'],
  ['.npmrc', '.env', 'COPY .env: the project has no such file'],
  ['USER node', 'USER root', 'USER: the add-on would run as root'],
  ['USER node\n', '', 'USER: the add-on would run as root'],
  ['CMD ["node", "-e"', 'CMD ["curl", "-e"', 'HEALTHCHECK: curl is not in the image; node is'],
  ['/healthz', '/', 'HEALTHCHECK: expected to ask /healthz'],
  ['HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \\\n', '# ', 'HEALTHCHECK: expected CMD'],
  ['CMD ["node", "dist/index.js"]', 'CMD node dist/index.js', 'CMD: expected a list of words'],
  ['CMD ["node", "dist/index.js"]', 'CMD ["npm", "start"]', 'CMD: expected a list of words that begins'],
  ['dist/index.js', 'dist/main.js', 'CMD: nothing is built into dist/main.js'],
  ['NODE_ENV=production', 'NODE_ENV=development', 'ENV: expected NODE_ENV=production'],
])('a Dockerfile with %s changed into %s is refused', (right, wrong, why) => {
  const { dockerfile, context } = projectOf('basic')
  expect(dockerfile).toContain(right)
  const changed = dockerfile.replace(right, () => wrong)
  expect(faultsOf(changed, context)).toContainEqual(expect.stringContaining(why))
})

it('a Dockerfile that runs where it builds is refused', () => {
  const { dockerfile, context } = projectOf('basic')
  const [, ...rest] = dockerfile.split('\nFROM ')
  expect(faultsOf(`FROM ${rest.join('')}`, context)).toContainEqual(
    expect.stringContaining('expected a stage of its own'),
  )
})
