import { mkdirSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { succeed } from './programs.ts'
import type { Registry } from './registry.ts'

/** A Node, with the npm that comes with it or a later one. */
export interface Toolchain {
  readonly node: number
  readonly npm: number
  /** Whether this npm comes with this Node, and so runs in workflows and images. */
  readonly bundled: boolean
}

export const toolchains: readonly Toolchain[] = [
  { node: 20, npm: 10, bundled: true },
  { node: 20, npm: 11, bundled: false },
  { node: 24, npm: 11, bundled: true },
  { node: 24, npm: 12, bundled: false },
]

/** Installs Nodes and npms by major version, each once, and returns the environment in which both are found first. */
export function toolbox(folder: string, registry: Registry) {
  const installed = new Map<string, Promise<string>>()

  /** The newest version of a major, in its own folder. */
  const install = (name: string, major: number): Promise<string> => {
    const home = join(folder, `${name}-${major}`)
    const found = installed.get(home)
    if (found) return found
    mkdirSync(home)
    const args = [
      'install',
      '--prefix',
      home,
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--engine-strict=false',
    ]
    const done = succeed('npm', [...args, `${name}@${major}`], { cwd: home, env: registry.env }).then(
      () => home,
    )
    installed.set(home, done)
    return done
  }

  const nodeFolder = async (major: number): Promise<string> => {
    if (process.versions.node.startsWith(`${major}.`)) return dirname(process.execPath)
    const platform = process.platform === 'win32' ? 'win' : process.platform
    const name = `node-${platform}-${process.arch}`
    return join(await install(name, major), 'node_modules', name, 'bin')
  }

  return async ({ node, npm }: Toolchain) => {
    const nodeHome = await nodeFolder(node)
    const npmHome = await install('npm', npm)
    const path = [join(npmHome, 'node_modules/.bin'), nodeHome, process.env['PATH']]
    const env = { ...registry.env, PATH: path.join(delimiter) }
    const told = await succeed('node', ['--version'], { cwd: folder, env })
    const { version } = JSON.parse(readFileSync(join(npmHome, 'node_modules/npm/package.json'), 'utf8'))
    return { env, versions: `Node ${told.trim().slice(1)}, npm ${version}` }
  }
}
