import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Context } from 'koa'
import { typeName } from '../../common/validate.ts'
import { ConfigurationError, messageOf } from '../../errors.ts'
import { isRecord } from '../../option-checks.ts'
import { paths } from '../../paths.ts'

/** Pictures an icon can be, by the endings of their files. */
const types = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
} as const

/** A picture that is served by the add-on itself. */
export interface IconData {
  readonly data: Uint8Array | string
  readonly type: (typeof types)[keyof typeof types]
}

/**
 * A picture: an address (`https://…`), a file (a path, or `new URL('./icon.svg', import.meta.url)`), or its bytes.
 * Files and bytes are served by the add-on, to everybody.
 */
export type IconSource = string | URL | IconData

/** A picture for both sizes, or one for each; that for dense screens is `url@2x`. */
export type Icon = IconSource | { readonly url: IconSource; readonly 'url@2x'?: IconSource | undefined }

/** An icon's addresses as descriptors have them, once the base address is known. */
export type IconAddresses = (baseUrl: string) => { readonly url: string; readonly 'url@2x': string }

/** The pictures an add-on serves. */
export interface Icons {
  /** Takes an icon; a file is read now. Throws a {@link ConfigurationError} that begins with `what`. */
  add(what: string, icon: unknown): IconAddresses
  /** Answers for a picture; false if there is none at this path. */
  serve(ctx: Context, path: string): boolean
}

interface Picture {
  readonly bytes: Buffer
  readonly type: string
}

/** Icons are drawn 16 to 64 pixels wide. */
const LONGEST = 1024 * 1024

// An SVG that is opened by itself is a document of our origin, and could run a script there.
const svgPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

const expected =
  'an address (https://…), a file (a path or a file: URL), bytes ({ data, type }), or { url, url@2x } of these'

export function createIcons(): Icons {
  const pictures = new Map<string, Picture>()

  /** Where a picture is: absolute, or below the base address for one of ours. */
  function place(what: string, source: unknown, dense: boolean): (baseUrl: string) => string {
    if (source instanceof URL && source.protocol !== 'file:') return place(what, source.href, dense)
    if (typeof source === 'string' && /^https?:\/\//i.test(source)) {
      if (!URL.canParse(source)) throw new ConfigurationError(`${what}: the address ${source} is none`)
      return () => source
    }
    const picture = isRecord(source) && 'data' in source ? readData(what, source) : readFile(what, source)
    if (picture.bytes.length > LONGEST)
      throw new ConfigurationError(
        `${what}: expected a picture of at most ${LONGEST} bytes, came ${picture.bytes.length}`,
      )
    // The content is in the name, so that it may be kept for ever: another picture has another address.
    const digest = createHash('sha256').update(picture.type).update(picture.bytes).digest('hex').slice(0, 20)
    const ending = Object.entries(types).find(([, type]) => type === picture.type)?.[0] ?? ''
    const path = `${paths.icon}${digest}${dense ? '@2x' : ''}${ending}`
    pictures.set(path, picture)
    return (baseUrl) => `${baseUrl}${path}`
  }

  return {
    add(what, icon) {
      const pair = isPair(icon) ? icon : { url: icon, 'url@2x': undefined }
      const surplus = isPair(icon) && Object.keys(icon).find((name) => !['url', 'url@2x'].includes(name))
      if (surplus)
        throw new ConfigurationError(`${what}: there is no option ${surplus}; known are url, url@2x`)
      const url = place(what, pair.url, false)
      const dense = place(what, pair['url@2x'] ?? pair.url, true)
      return (baseUrl) => ({ url: url(baseUrl), 'url@2x': dense(baseUrl) })
    },

    serve(ctx, path) {
      const picture = pictures.get(path)
      if (!picture) return false
      ctx.set('Cache-Control', 'public, max-age=31536000, immutable')
      ctx.set('Access-Control-Allow-Origin', '*')
      ctx.set('Cross-Origin-Resource-Policy', 'cross-origin')
      ctx.set('X-Content-Type-Options', 'nosniff')
      if (picture.type === types['.svg']) ctx.set('Content-Security-Policy', svgPolicy)
      ctx.set('Content-Type', picture.type)
      ctx.body = picture.bytes
      return true
    },
  }
}

const isPair = (icon: unknown): icon is Record<string, unknown> =>
  isRecord(icon) && !(icon instanceof URL) && 'url' in icon

function readData(what: string, source: Record<string, unknown>): Picture {
  const { data, type, ...others } = source
  const [surplus] = Object.keys(others)
  if (surplus) throw new ConfigurationError(`${what}: there is no option ${surplus}; known are data, type`)
  const known: readonly unknown[] = Object.values(types)
  if (!known.includes(type))
    throw new ConfigurationError(
      `${what}: expected type to be one of ${[...new Set(known)].join(', ')}; came ${String(type)}`,
    )
  if (typeof data !== 'string' && !(data instanceof Uint8Array))
    throw new ConfigurationError(`${what}: expected data to be bytes or a text, came ${typeName(data)}`)
  return { bytes: Buffer.from(data as string), type: String(type) } // Buffer.from takes both, its types one at a time
}

function readFile(what: string, source: unknown): Picture {
  if (typeof source !== 'string' && !(source instanceof URL))
    throw new ConfigurationError(`${what}: expected ${expected}; came ${typeName(source)}`)
  const path = source instanceof URL ? fileURLToPath(source) : source
  const type = Object.entries(types).find(([ending]) => ending === extname(path).toLowerCase())?.[1]
  if (!type)
    throw new ConfigurationError(
      `${what}: expected ${expected}; a file ends in ${Object.keys(types).join(', ')}, came ${JSON.stringify(path)}`,
    )
  try {
    return { bytes: readFileSync(path), type }
  } catch (error) {
    throw new ConfigurationError(`${what}: the file cannot be read: ${messageOf(error)}`, { cause: error })
  }
}
