import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Context } from 'koa'
import { type Checks, expecting, oneOf, unknownName } from '../../common/checks.ts'
import { isRecord } from '../../common/is-record.ts'
import { mebibyte } from '../../common/sizes.ts'
import { typeName } from '../../common/validate.ts'
import { ConfigurationError, messageOf } from '../../errors.ts'
import { checkOptions, refuse } from '../../option-checks.ts'
import { paths } from '../../paths.ts'

/** The picture types that an icon can have, by file extension. */
const types = {
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
} as const

/** The bytes of a picture, which the add-on serves. */
export interface IconData {
  /** The bytes, or a string for SVG; at most 1 MiB. */
  readonly data: Uint8Array | string
  /** Media type of the picture. */
  readonly type: (typeof types)[keyof typeof types]
}

/**
 * A picture: an address (`https://…`), a file (a path, or `new URL('./icon.svg', import.meta.url)`), or its bytes.
 * The add-on serves files and bytes to anyone. A file is read at registration.
 */
export type IconSource = string | URL | IconData

/** One picture for all screens, or two: `url`, and `url@2x` for high-density screens. */
export type Icon = IconSource | { readonly url: IconSource; readonly 'url@2x'?: IconSource | undefined }

/** Returns an icon's addresses for the descriptor, below this base address. */
export type IconAddresses = (baseUrl: string) => { readonly url: string; readonly 'url@2x': string }

/** The pictures an add-on serves. */
export interface Icons {
  /**
   * Adds an icon; reads its files now. Throws a {@link ConfigurationError} whose message starts with `what`.
   */
  add(what: string, icon: unknown): IconAddresses
  /** Serves a picture. Returns false if there is none at this path. */
  serve(ctx: Context, path: string): boolean
}

interface Picture {
  readonly bytes: Buffer
  readonly type: string
}

/** Largest picture in bytes. It is plenty: icons are shown 16 to 64 pixels wide. */
const largestPicture = mebibyte

// An SVG that a browser opens by itself is a document of the add-on's origin, and could run a script there.
const svgPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

const expected =
  'an address (https://…), a file (a path or a file: URL), bytes ({ data, type }), or { url, url@2x } of these'

export function createIcons(): Icons {
  const pictures = new Map<string, Picture>()

  /** Stores a picture if the add-on serves it. Returns its address. */
  function place(what: string, source: unknown, dense: boolean): (baseUrl: string) => string {
    if (source instanceof URL && source.protocol !== 'file:') return place(what, source.href, dense)
    if (typeof source === 'string' && /^https?:\/\//i.test(source)) {
      if (!URL.canParse(source)) throw new ConfigurationError(`${what}: ${source} is not a valid address`)
      return () => source
    }
    const picture = isRecord(source) && 'data' in source ? readData(what, source) : readFile(what, source)
    if (picture.bytes.length > largestPicture)
      throw new ConfigurationError(
        `${what}: expected a picture of at most ${largestPicture} bytes, got ${picture.bytes.length}`,
      )
    // The name has a digest of the content, so that browsers may cache it forever: a new picture has a new
    // address.
    const digest = createHash('sha256').update(picture.type).update(picture.bytes).digest('hex').slice(0, 20)
    const ending = Object.entries(types).find(([, type]) => type === picture.type)?.[0] ?? ''
    const path = `${paths.icon}${digest}${dense ? '@2x' : ''}${ending}`
    pictures.set(path, picture)
    return (baseUrl) => `${baseUrl}${path}`
  }

  return {
    add(what, icon) {
      const pair = isPair(icon) ? icon : { url: icon, 'url@2x': undefined }
      refuse(what, unknownName('option', Object.keys(pair), ['url', 'url@2x']))
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

const isPair = (icon: unknown): icon is { readonly url: unknown; readonly 'url@2x'?: unknown } =>
  isRecord(icon) && !(icon instanceof URL) && 'url' in icon

const dataChecks: Checks<IconData> = {
  data: expecting('bytes or a string', (value) => typeof value === 'string' || value instanceof Uint8Array),
  type: oneOf(...new Set(Object.values(types))),
}

function readData(what: string, source: unknown): Picture {
  checkOptions<IconData>(what, source, dataChecks, ['data', 'type'])
  const { data, type } = source
  return { bytes: Buffer.from(data as string), type } // Buffer.from accepts both; its types only one at a time
}

function readFile(what: string, source: unknown): Picture {
  if (typeof source !== 'string' && !(source instanceof URL))
    throw new ConfigurationError(`${what}: expected ${expected}; got ${typeName(source)}`)
  const path = source instanceof URL ? fileURLToPath(source) : source
  const type = Object.entries(types).find(([ending]) => ending === extname(path).toLowerCase())?.[1]
  if (!type)
    throw new ConfigurationError(
      `${what}: expected ${expected}; a file ends in ${Object.keys(types).join(', ')}, got ${JSON.stringify(path)}`,
    )
  try {
    return { bytes: readFileSync(path), type }
  } catch (error) {
    throw new ConfigurationError(`${what}: the file cannot be read: ${messageOf(error)}`, { cause: error })
  }
}
