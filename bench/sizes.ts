/** The sizes of the two packages, and of their dependencies. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))

/** A packed package, as npm describes it. */
export interface Packed {
  readonly name: string
  readonly tarball: string
  /** Bytes of the tarball, and of its contents. */
  readonly size: number
  readonly unpackedSize: number
  readonly files: number
}

/** The contents of `node_modules` after a package was installed alone. */
export interface Installed {
  readonly packages: number
  readonly bytes: number
  /** Bytes on a disk with blocks of 4 KiB. */
  readonly onDisk: number
  /** Packages and their bytes, the largest first. */
  readonly largest: readonly (readonly [name: string, bytes: number])[]
}

const npm = (args: readonly string[], cwd: string): string =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

/** Builds and packs both packages into a folder. */
export function packBoth(into: string): Packed[] {
  return [[], ['--workspace', 'templates']].map((which) => {
    const args = ['pack', '--json', '--ignore-scripts=false', '--pack-destination', into, ...which]
    const told = npm(args, root)
    // The output of `prepare` comes first.
    const [packed] = JSON.parse(told.slice(told.search(/^\[/m)))
    const { name, filename, size, unpackedSize, entryCount } = packed
    return { name, tarball: join(into, filename), size, unpackedSize, files: entryCount }
  })
}

/** Installs a packed package into an empty folder, without development dependencies. */
export function install(tarball: string, scratch: string): Installed {
  const folder = mkdtempSync(join(scratch, 'installed-'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  npm(['install', '--omit=dev', '--no-package-lock', '--no-audit', tarball], folder)
  const modules = join(folder, 'node_modules')
  const byPackage = new Map<string, number>()
  let bytes = 0
  let onDisk = 0
  for (const entry of readdirSync(modules, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = relative(modules, join(entry.parentPath, entry.name))
    const { size } = statSync(join(modules, path))
    const name = path.split('/', path.startsWith('@') ? 2 : 1).join('/')
    byPackage.set(name, (byPackage.get(name) ?? 0) + size)
    bytes += size
    onDisk += Math.ceil(size / 4096) * 4096
  }
  const packages = npm(['ls', '--all', '--parseable'], folder).trim().split('\n').length - 1
  return { packages, bytes, onDisk, largest: [...byPackage].sort(([, one], [, other]) => other - one) }
}

const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1)
const kibibytes = (bytes: number): string => (bytes / 1024).toFixed(0)

/** Both packages as a table. */
export function sizeTable(scratch: string): string {
  const folder = join(scratch, 'packed')
  mkdirSync(folder)
  const lines = packBoth(folder).map(({ name, tarball, size, unpackedSize, files }) => {
    const installed = install(tarball, scratch)
    const named = installed.largest.slice(0, 5).map(([one, bytes]) => `${one} ${mebibytes(bytes)}`)
    const cells = [
      name,
      kibibytes(size),
      kibibytes(unpackedSize),
      files,
      installed.packages,
      mebibytes(installed.bytes),
      mebibytes(installed.onDisk),
      named.join(', '),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| package | KiB packed | KiB unpacked | files | packages installed | MiB | MiB in blocks of 4 KiB | the largest, MiB |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}
