import { execFileSync, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { descriptorFixtures, webhookFixtures } from '../../src/testing/index.ts'
import { readPage, root } from './markdown.ts'

interface Manifest {
  readonly version: string
  readonly main: string
  readonly bin: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>
}

const work = mkdtempSync(join(tmpdir(), 'hipchat-addon-package-'))
/** A project of somebody who installed the package. */
const consumer = join(work, 'consumer')
const installed = join(consumer, 'node_modules/hipchat-addon')
let tarball: string
let manifest: Manifest

const run = (command: string, args: readonly string[], cwd: string) =>
  spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } })

const tsc = (folder: string) =>
  run(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '--project', folder, '--pretty', 'false'],
    folder,
  )

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(join(folder, file)).isFile(),
  )

/** Builds and packs a copy, so that the checkout stays as it is, and installs the result. */
beforeAll(() => {
  const source = join(work, 'source')
  mkdirSync(source)
  cpSync(join(root, 'src'), join(source, 'src'), { recursive: true })
  for (const name of readdirSync(root))
    if (/\.(json|md)$|^LICENSE$/.test(name)) copyFileSync(join(root, name), join(source, name))
  symlinkSync(join(root, 'node_modules'), join(source, 'node_modules'))
  // `prepare` builds.
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--foreground-scripts=false', '--pack-destination', work], {
      cwd: source,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  )
  tarball = join(work, packed.filename)

  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '-C', installed, '--strip-components', '1'])
  manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  // The packages that `npm install` would install with it, without the optional peers.
  const optional = Object.keys(manifest.peerDependencies).map((name) => name.split('/')[0])
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== 'hipchat-addon' && !name.startsWith('.') && !optional.includes(name))
      symlinkSync(join(root, 'node_modules', name), join(consumer, 'node_modules', name))
  writeFileSync(join(consumer, 'package.json'), '{ "name": "consumer", "private": true }')
}, 120_000)

afterAll(() => rmSync(work, { recursive: true, force: true }))

describe('the packed package', () => {
  it('has types that fit its modules, for all ways of resolving them', async () => {
    const data = new Uint8Array(readFileSync(tarball))
    const checked = await checkPackage(createPackageFromTarballData(data))
    const problems = checked.types ? checked.problems : ['there are no types']
    // The package is made of ES modules only. Node 20.19 and later can `require` them, which this rule does not know.
    const unexpected = problems.filter(
      (problem) => typeof problem === 'string' || problem.kind !== 'CJSResolvesToESM',
    )
    expect(unexpected).toEqual([])
  })

  it('imports compiled files', () => {
    // Declarations keep the endings of the sources; the compiler reads `./x.ts` there as `./x.d.ts`.
    const compiled = filesBelow(join(installed, 'dist')).filter((file) => file.endsWith('.js'))
    for (const file of compiled)
      expect(readFileSync(join(installed, 'dist', file), 'utf8'), file).not.toMatch(
        /(?:from|import)\s*\(?["']\.[^"']*\.ts["']/,
      )
  })

  it('has the fixtures that the test kit exports, and none of our own', () => {
    const files = filesBelow(join(installed, 'dist')).filter((file) => file.endsWith('.json'))
    expect(files).toHaveLength(webhookFixtures.length + descriptorFixtures.length)
  })

  it('depends on all it imports', () => {
    const imported = new Set<string>()
    for (const file of filesBelow(join(installed, 'dist')).filter((name) => !name.endsWith('.json'))) {
      const text = readFileSync(join(installed, 'dist', file), 'utf8')
      for (const [, name = ''] of text.matchAll(
        /(?:from|import|require)\s*\(?["']((?:@[^/"']+\/)?[^./"'][^/"']*)["'/]/g,
      ))
        if (!name.startsWith('node:')) imported.add(name)
    }
    imported.add('@types/koa') // what the declarations of @koa/router import, see below
    expect([...imported].toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted())
  })
})

/** What each entry of the package exports, among others. */
const exported: Readonly<Record<string, readonly string[]>> = {
  'hipchat-addon': ['createAddon', 'html', 'createPersonalClient'],
  'hipchat-addon/server': ['createHipChatServer'],
  'hipchat-addon/testing': ['testAddon', 'storeContract', 'webhookFixtures', 'descriptorFixtures'],
}

describe('the packages that an author may add', () => {
  it('are optional, and each is named with its reason', () => {
    const { peerDependencies, peerDependenciesMeta } = manifest
    const names = Object.keys(peerDependencies)
    expect(names).toContain('prom-client')
    expect(peerDependenciesMeta).toEqual(Object.fromEntries(names.map((name) => [name, { optional: true }])))
    const page = readPage('docs/explanation/dependencies.md')
    for (const name of names) expect(page).toContain(`\`${name}\``)
  })

  it('are missed with what to do about it', () => {
    const file = join(consumer, 'metrics.mjs')
    writeFileSync(
      file,
      `import { createAddon } from 'hipchat-addon'
createAddon({ key: 'k', name: 'n', description: 'd', scopes: [], store: 'memory:', metrics: true })`,
    )
    const { stderr, status } = run(process.execPath, [file], consumer)
    expect(status).toBe(1)
    expect(stderr).toContain('metrics requires the package prom-client, which is not installed: npm install')
  })

  it('are missed before a store in PostgreSQL is used', () => {
    const file = join(consumer, 'postgres.mjs')
    writeFileSync(
      file,
      `import { createAddon } from 'hipchat-addon'
createAddon({ key: 'k', name: 'n', description: 'd', scopes: [], store: 'postgres://me@localhost/db' })`,
    )
    const { stderr, status } = run(process.execPath, [file], consumer)
    expect(status).toBe(1)
    expect(stderr).toContain('PostgreSQL requires the package pg, which is not installed: npm install pg')
  })
})

describe.each(Object.entries(exported))('%s', (name, names) => {
  it('can be imported', () => {
    const file = join(consumer, 'import.mjs')
    writeFileSync(file, `import * as all from '${name}'\nconsole.log(JSON.stringify(Object.keys(all)))`)
    const { stdout, stderr, status } = run(process.execPath, [file], consumer)
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
    expect(JSON.parse(stdout)).toEqual(expect.arrayContaining([...names]))
  })

  it('can be required by CommonJS', () => {
    const file = join(consumer, 'require.cjs')
    writeFileSync(file, `const all = require('${name}')\nconsole.log(JSON.stringify(Object.keys(all)))`)
    const { stdout, stderr, status } = run(process.execPath, [file], consumer)
    expect(status, stderr).toBe(0)
    expect(JSON.parse(stdout)).toEqual(expect.arrayContaining([...names]))
  })
})

describe('a project in TypeScript that uses the package', () => {
  const addon = `
import { type AddonOptions, ApiError, createAddon, html, type Store } from 'hipchat-addon'
import { createHipChatServer, type HipChatServer } from 'hipchat-addon/server'
import { type AddonTest, descriptorFixtures, storeContract, testAddon, webhookFixtures } from 'hipchat-addon/testing'

export function createEcho(options: Partial<AddonOptions> = {}) {
  const addon = createAddon({
    key: 'com.example.echo', name: 'Echo', description: 'Says it again', ...options, scopes: ['send_notification'],
  })
  addon.command('/echo [words...]', ({ args, sender }) => html\`<b>\${sender?.name}</b>: \${args.words.join(' ')}\`)
  addon.webhook('room_topic_change', async ({ item, room, store }) => {
    await store.set('topic', item.topic)
    try {
      await room.notify(item.topic)
      // @ts-expect-error: no scope of this add-on allows it
      await room.getRoomHistory()
    } catch (error) {
      if (error instanceof ApiError) return error.reason
    }
    return undefined
  })
  addon.router.get('/status', async (ctx) => {
    ctx.status = 204
  })
  return addon
}

export const server: HipChatServer = createHipChatServer({ port: 0 })
export const nothing: Promise<void> = createEcho().close()

export async function tried(store: Store): Promise<AddonTest> {
  for (const { name, run } of storeContract(() => ({ store }))) await run().catch(() => console.log(name))
  const group = await testAddon(createEcho)
  for (const fixture of webhookFixtures) await group.room.deliver(fixture)
  console.log(group.log[0]?.message, descriptorFixtures[0]?.descriptor.key)
  return group
}
`

  it.each([
    ['module nodenext, an ES module', 'nodenext', 'nodenext', 'module'],
    ['module nodenext, CommonJS', 'nodenext', 'nodenext', 'commonjs'],
    ['module node20, CommonJS', 'node20', 'node16', 'commonjs'],
    ['module node16, an ES module', 'node16', 'node16', 'module'],
    ['a bundler', 'esnext', 'bundler', 'module'],
  ])('compiles under strict with its libraries checked: %s', (_, module, moduleResolution, type) => {
    const folder = join(consumer, `${module}-${type}`)
    mkdirSync(folder)
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }))
    writeFileSync(join(folder, 'addon.ts'), addon)
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          module,
          moduleResolution,
          target: 'es2023',
          types: ['node'],
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          noEmit: true,
        },
      }),
    )
    expect(tsc(folder).stdout).toBe('')
  })

  /**
   * The declarations of @koa/router import those of koa, which are a package of their own. Were that a development
   * dependency, a project that has no @types/koa gets `any` for the context of `addon.router`, and under `strict` an
   * error.
   */
  it('finds the types of everything the package shows', () => {
    const shown = new Set<string>()
    for (const file of filesBelow(join(installed, 'dist')).filter((name) => name.endsWith('.d.ts'))) {
      const text = readFileSync(join(installed, 'dist', file), 'utf8')
      for (const [, name = ''] of text.matchAll(/from ["']((?:@[^/"']+\/)?[^./"'][^/"']*)["'/]/g))
        if (!name.startsWith('node:')) shown.add(name)
    }
    const untyped = [...shown].filter((name) => {
      const types = `@types/${name.replace('@', '').replace('/', '__')}`
      return readdirSync(join(root, 'node_modules/@types')).includes(types.slice('@types/'.length))
        ? !(types in manifest.dependencies)
        : false
    })
    expect(untyped).toEqual([])
  })
})

describe('the command hipchat-addon', () => {
  const command = (...args: string[]) =>
    run(process.execPath, [join(installed, manifest.bin['hipchat-addon'] ?? ''), ...args], consumer)

  it('shows help', () => {
    const { stdout, status } = command('--help')
    expect(status).toBe(0)
    expect(stdout).toContain('hipchat-addon')
    expect(stdout).toContain('server')
  })

  it('tells its version', () => {
    expect(command('--version')).toMatchObject({ status: 0, stdout: `${manifest.version}\n` })
  })

  it.each([
    [['--nonsense'], '--nonsense'],
    [['nonsense'], 'nonsense'],
    [['server', '--nonsense'], '--nonsense'],
    [['server', '--port', 'high'], 'expected a whole number from 0 to 65535'],
  ])('refuses %j and names it', (args, named) => {
    const { stderr, status } = command(...args)
    expect(status).toBe(2)
    expect(stderr).toContain(named)
  })

  it('hints at its help after a mistake', () => {
    expect(command('--nonsense').stderr).toContain('--help')
  })

  it('hints at its help after a mistake in a command of its own', () => {
    expect(command('server', '--nonsense').stderr).toContain('--help')
  })
})
