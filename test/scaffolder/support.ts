import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { root } from '../structure/markdown.ts'

const templates = join(root, 'templates')

/** The environment of somebody at work: what vitest, npm and CI put into ours would be read as theirs (`BASE_URL` is one). */
export function environment(): NodeJS.ProcessEnv {
  const foreign =
    /^(CI|BASE_URL|MODE|DEV|PROD|SSR|TEST|NODE_ENV|NODE_OPTIONS|VITEST.*|npm_(?!config_registry$).*)$/
  const own = Object.entries(process.env).filter(([name]) => !foreign.test(name))
  return { ...Object.fromEntries(own), NO_COLOR: '1' }
}

/** Runs a command to its end. */
export function run(command: string, args: readonly string[], options: SpawnSyncOptions = {}) {
  return spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
    encoding: 'utf8',
    env: { ...environment(), ...options.env },
  })
}

/** Runs a command that must succeed, and gives what it printed. */
export function succeed(command: string, args: readonly string[], options: SpawnSyncOptions = {}): string {
  const { status, stdout, stderr, error } = run(command, args, options)
  if (status === 0) return stdout
  throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${error ?? ''}${stdout}${stderr}`)
}

/** A folder for a test, in a path with a blank. */
export function createFolder(): { folder: string; remove: () => void } {
  const home = mkdtempSync(join(tmpdir(), 'create hipchat-addon-'))
  return { folder: home, remove: () => rmSync(home, { recursive: true, force: true }) }
}

/** Compiles the scaffolder as it is published, beside its templates, and gives the file that is run. */
export function compileScaffolder(into: string): string {
  const home = join(into, 'scaffolder')
  mkdirSync(home, { recursive: true })
  cpSync(templates, home, {
    recursive: true,
    filter: (source) => !/^(dist|node_modules)\b/.test(relative(templates, source)),
  })
  symlinkSync(join(root, 'node_modules'), join(home, 'node_modules'))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const out = ['--outDir', join(home, 'dist')]
  succeed(process.execPath, [tsc, '--project', join(templates, 'tsconfig.json'), ...out])
  return join(home, 'dist/create.js')
}

/** The files below a folder, by their path. */
export const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(folder, file)).isFile())
    .toSorted()

/** Packs the framework and the scaffolder as they would be published, and gives the two tarballs. */
export function packBoth(into: string): { framework: string; scaffolder: string } {
  const source = join(into, 'source')
  mkdirSync(source)
  for (const name of ['src', 'templates'])
    cpSync(join(root, name), join(source, name), {
      recursive: true,
      filter: (path) => !/^templates\/(dist|node_modules)\b/.test(relative(root, path)),
    })
  for (const name of readdirSync(root))
    if (/\.(json|md)$|^LICENSE$/.test(name)) cpSync(join(root, name), join(source, name))
  symlinkSync(join(root, 'node_modules'), join(source, 'node_modules'))
  // `prepare` builds.
  const pack = (...args: string[]): string => {
    const told = succeed('npm', ['pack', '--json', '--pack-destination', into, ...args], { cwd: source })
    return join(into, JSON.parse(told.slice(told.indexOf('[')))[0].filename)
  }
  return { framework: pack(), scaffolder: pack('--workspace', 'templates') }
}
