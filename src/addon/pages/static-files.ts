import { createReadStream, realpathSync, statSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Context } from 'koa'
import { type Checks, expecting, flag } from '../../common/checks.ts'
import { typeName } from '../../common/validate.ts'
import { ConfigurationError, messageOf } from '../../errors.ts'
import { checkOptions } from '../../option-checks.ts'

/** Options of `addon.static`. */
export interface StaticOptions {
  /** Milliseconds for which browsers may cache a file. Default 0: they ask each time whether it has changed. */
  readonly maxAge?: number | undefined
  /** Whether the files never change, such as files with a digest in their names. Default false. */
  readonly immutable?: boolean | undefined
}

/** The folders of files that an add-on serves. */
export interface Assets {
  /** Serves a folder below a path. Throws a {@link ConfigurationError} if the folder cannot be read. */
  add(path: string, folder: string | URL, options: StaticOptions): void
  /** Serves a file. Returns false if there is none at this path. */
  serve(ctx: Context, path: string): Promise<boolean>
}

interface Folder {
  /** With a trailing slash. */
  readonly path: string
  /** Its real path, without symbolic links, to check that a file is inside the folder. */
  readonly root: string
  readonly cacheControl: string
}

const checks: Checks<StaticOptions> = {
  maxAge: expecting('a number of milliseconds', (value) => Number.isFinite(value) && Number(value) >= 0),
  immutable: flag,
}

/**
 * Written here, and not taken from a package: pages of add-ons do not need ranges and index files, and none
 * of the packages checks where a symbolic link leads.
 */
export function createAssets(): Assets {
  const folders: Folder[] = []

  return {
    add(given, folder, options) {
      if (typeof given !== 'string' || !/^(\/[\w.~-]*[\w~-])+\/?$/.test(given))
        throw new ConfigurationError(
          `static: expected a path such as /assets, got ${typeof given === 'string' ? JSON.stringify(given) : typeName(given)}`,
        )
      const what = `static ${given}`
      checkOptions<StaticOptions>(what, options, checks)
      const path = `${given.replace(/\/$/, '')}/`
      if (folders.some((other) => other.path === path))
        throw new ConfigurationError(`${what}: another folder already has this path`)
      folders.push({ path, root: rootOf(what, folder), cacheControl: cacheControlOf(options) })
    },

    async serve(ctx, path) {
      for (const folder of folders)
        if (path.startsWith(folder.path) && (await serveFile(ctx, path.slice(folder.path.length), folder)))
          return true
      return false
    },
  }
}

function rootOf(what: string, folder: string | URL): string {
  if (typeof folder !== 'string' && !(folder instanceof URL && folder.protocol === 'file:'))
    throw new ConfigurationError(
      `${what}: expected a folder, a path or new URL('./public/', import.meta.url); got ${typeName(folder)}`,
    )
  const path = folder instanceof URL ? fileURLToPath(folder) : folder
  try {
    if (statSync(path).isDirectory()) return realpathSync(path)
  } catch (error) {
    throw new ConfigurationError(`${what}: the folder cannot be read: ${messageOf(error)}`, { cause: error })
  }
  throw new ConfigurationError(`${what}: expected a folder, got the file ${path}`)
}

function cacheControlOf({ maxAge = 0, immutable = false }: StaticOptions): string {
  if (maxAge === 0 && !immutable) return 'no-cache'
  const seconds = Math.floor(maxAge / 1000) || (immutable ? 31_536_000 : 0)
  return `public, max-age=${seconds}${immutable ? ', immutable' : ''}`
}

async function serveFile(ctx: Context, rest: string, { root, cacheControl }: Folder): Promise<boolean> {
  const names = namesOf(rest)
  if (!names) return false
  const path = await realpath(join(root, ...names)).catch(() => undefined)
  if (path === undefined || !path.startsWith(root.endsWith(sep) ? root : root + sep)) return false
  // A symbolic link may lead to a hidden file in the folder.
  if (
    path
      .slice(root.length)
      .split(sep)
      .some((name) => name.startsWith('.'))
  )
    return false
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return false // opening a pipe would wait until somebody writes to it
  const { size, mtime } = found
  ctx.set('Cache-Control', cacheControl)
  ctx.set('X-Content-Type-Options', 'nosniff')
  ctx.set('ETag', `W/"${size.toString(36)}-${mtime.getTime().toString(36)}"`)
  ctx.lastModified = mtime
  ctx.type = extname(path) // unknown extensions are sent as bytes, which browsers do not run
  if (!ctx.response.get('Content-Type')) ctx.type = 'bin'
  ctx.status = 200
  if (ctx.fresh) ctx.status = 304
  else if (size === 0) ctx.body = ''
  else {
    // No more bytes than announced, even if the file grows in the meantime.
    if (ctx.method === 'GET') ctx.body = createReadStream(path, { end: size - 1 })
    ctx.length = size
  }
  return true
}

/** The names in a path; `undefined` if it could lead out of the folder or to a hidden file. */
function namesOf(rest: string): string[] | undefined {
  try {
    const names = rest.split('/').map(decodeURIComponent)
    const odd = names.some((name) => name === '' || name.startsWith('.') || /[/\\\0]/.test(name))
    return odd ? undefined : names
  } catch {
    return undefined // invalid percent-encoding
  }
}
