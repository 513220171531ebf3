import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { templateNames } from '../../templates/project.ts'
import { createFolder, environment, filesBelow, packBoth, run, succeed } from './support.ts'

const home = createFolder()
/** The scaffolder as it is installed from its tarball. */
const scaffolder = join(home.folder, 'installed/create-hipchat-addon')
/** The tarball of the framework. Nothing is published: it takes the place of the version that a project asks for. */
let framework: string
let told: string

const folderOf = (template: string): string => join(home.folder, 'my projects', template)

function generate(template: string): void {
  const args = [
    join(scaffolder, 'dist/create.js'),
    folderOf(template),
    '--template',
    template,
    '--no-install',
  ]
  succeed(process.execPath, args)
  const path = join(folderOf(template), 'package.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8'))
  manifest.dependencies['hipchat-addon'] = `file:${framework}`
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`)
}

beforeAll(() => {
  const packed = packBoth(home.folder)
  framework = packed.framework
  mkdirSync(scaffolder, { recursive: true })
  succeed('tar', ['-xzf', packed.scaffolder, '-C', scaffolder, '--strip-components', '1'])
  for (const template of templateNames) generate(template)
  const { stdout, stderr, status } = run('npm', ['install', '--prefer-offline', '--no-audit'], {
    cwd: folderOf('basic'),
  })
  told = stdout + stderr
  expect(status, told).toBe(0)
  // They ask for the same packages, so one installation does for all.
  for (const template of templateNames.filter((name) => name !== 'basic'))
    symlinkSync(join(folderOf('basic'), 'node_modules'), join(folderOf(template), 'node_modules'))
}, 180_000)

afterAll(home.remove)

it('the packed scaffolder holds all templates, and no tests or sources of its own', () => {
  const files = filesBelow(scaffolder)
  for (const template of templateNames) expect(files).toContain(`${template}/src/addon.ts`)
  for (const file of [
    'shared/_gitignore',
    'shared/_npmrc',
    'shared/.dockerignore',
    'notifier/_env',
    'LICENSE',
  ])
    expect(files).toContain(file)
  expect(files.filter((file) => /^[^/]+\.ts$|^dist\/.*(?<!\.js)$/.test(file))).toEqual([])
})

it('the packed scaffolder depends on all it imports', () => {
  const imported = new Set<string>()
  for (const file of filesBelow(join(scaffolder, 'dist')))
    for (const [, name = ''] of readFileSync(join(scaffolder, 'dist', file), 'utf8').matchAll(
      /(?:from |import\()'([^.'][^']*)'/g,
    ))
      if (!name.startsWith('node:')) imported.add(name)
  const { dependencies } = JSON.parse(readFileSync(join(scaffolder, 'package.json'), 'utf8'))
  expect([...imported]).toEqual(Object.keys(dependencies))
})

it('npm has nothing to say about install scripts of what a project depends on', () => {
  // Of a package from a file, npm counts `prepare` among them; of one from a registry it does not.
  const named = [...told.matchAll(/install-scripts +(\S+)@\S+ \(/g)].map(([, name]) => name)
  expect(named.filter((name) => name !== 'hipchat-addon')).toEqual([])
})

describe.each(templateNames)('an add-on made from %s', (template) => {
  const npm = (...args: string[]) => {
    const { status, stdout, stderr } = run('npm', args, { cwd: folderOf(template) })
    return { status, told: stdout + stderr }
  }

  it.each([['types'], ['lint'], ['test'], ['build']])('passes npm run %s', (script) => {
    const { status, told } = npm('run', script)
    expect(status, told).toBe(0)
    if (script === 'test') expect(told).toMatch(/Tests +\d+ passed/)
    if (script === 'lint') expect(told).not.toMatch(/warning|Found \d+/)
  })

  it.each([
    ['what was built', ['dist/index.js']],
    ['its sources', ['--import', 'tsx', 'src/index.ts']],
  ])('runs %s, serves its descriptor, and ends when told', async (_, args) => {
    // Port 0 is any free one; which, it says in its log.
    const child = spawn(process.execPath, args, {
      cwd: folderOf(template),
      env: { ...environment(), PORT: '0' },
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes) => {
        said += bytes
      })
    const closed = once(child, 'close')
    await expect.poll(() => said).toContain('"listening"')
    const [, url] = /"url":"([^"]+)"/.exec(said) ?? []
    const descriptor = await (await fetch(`${url}/atlassian-connect.json`)).json()
    expect(descriptor).toMatchObject({
      key: `com.example.${template}`,
      links: { self: expect.stringContaining(`${url}`) },
    })
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    child.kill('SIGTERM')
    expect(await closed, said).toEqual([0, null])
  })
})
