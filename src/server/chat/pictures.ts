import { randomText } from '../../common/random.ts'
import { badRequest } from '../errors.ts'
import type { Page } from '../http/html-page.ts'
import type { PictureRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'

const folder = '/pictures/'

/** Path of a picture on this server. */
export const picturePath = (id: string): string => folder + id

/**
 * First bytes of the three formats that HipChat accepted. No other is served: a drawing such as SVG can run
 * scripts.
 */
const kinds = [
  { type: 'image/jpeg', start: [0xff, 0xd8, 0xff] },
  { type: 'image/png', start: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] },
  { type: 'image/gif', start: [0x47, 0x49, 0x46, 0x38] },
] as const

/** Media type of a picture by its first bytes; `undefined` for everything else. */
export const pictureType = (bytes: Uint8Array): PictureRecord['type'] | undefined =>
  kinds.find(({ start }) => start.every((byte, index) => bytes[index] === byte))?.type

/** Reads a picture in base64, with or without a leading `data:…;base64,`. 400 for anything else. */
export function readPicture(text: string, field: string): PictureRecord {
  const base64 = text.replace(/^data:[\w/+.-]*;base64,/, '').replace(/\s+/g, '')
  const bytes = /^[\w+/-]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : Buffer.alloc(0)
  const type = pictureType(bytes)
  if (!type) throw badRequest(`${field} must be a JPEG, PNG or GIF in base64`, field)
  return { id: randomText(40), type, bytes }
}

/** Headers for content that users uploaded. */
export const strangersHeaders = {
  // Browsers must not run it: it shares its origin with the page that holds tokens.
  'Content-Security-Policy': "default-src 'none'; sandbox",
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Cache-Control': 'private, max-age=86400', // other content has another address
} as const

/** The picture at a path of this server; `undefined` when there is none. */
export function pictureAt(path: string, state: State): Page | undefined {
  const picture = path.startsWith(folder) ? state.pictures.get(path.slice(folder.length)) : undefined
  if (!picture) return undefined
  return {
    headers: { ...strangersHeaders, 'Content-Type': picture.type, ETag: `"${picture.id}"` },
    body: picture.content,
  }
}
