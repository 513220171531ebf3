import type { FilePart } from '../../api/file-part.ts'
import { randomText } from '../../common/random.ts'
import { mebibyte } from '../../common/sizes.ts'
import { CallRefusedError } from '../errors.ts'
import type { Page } from '../http/html-page.ts'
import type { FileRecord, StoredFileRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { pictureType, strangersHeaders } from './pictures.ts'

/** Longest accepted file, in bytes. HipChat's limit is not known. */
const longestFile = 20 * mebibyte

/** Number of bytes that identify a picture. */
const longestSignature = 8

const folder = '/files/'

/** Path of a file on this server. The name at its end is for people and their disks. */
export const filePath = (id: string, name: string): string => `${folder}${id}/${encodeURIComponent(name)}`

/** An uploaded file: the part for its message, and the part that is stored. 413 for a file that is too long. */
export function receiveFile({ name, content }: FilePart): { file: FileRecord; stored: StoredFileRecord } {
  if (content.length > longestFile)
    throw new CallRefusedError(413, `The file is longer than ${longestFile} bytes`)
  const id = randomText(40)
  const isPicture = pictureType(content) !== undefined
  return {
    file: { id, name, size: content.length, ...(isPicture ? { isPicture } : {}) },
    stored: { id, name, bytes: content },
  }
}

/**
 * The file at a path of this server; `undefined` when there is none. Pictures are displayed. Everything else is
 * sent as a download, without the type that its sender gave it: a page or script must not run on this origin.
 */
export function fileAt(path: string, state: State): Page | undefined {
  const [id = ''] = path.startsWith(folder) ? path.slice(folder.length).split('/') : []
  const file = state.files.get(id)
  if (!file) return undefined
  const [beginning = new Uint8Array()] = file.content.read(0, Math.min(file.content.size, longestSignature))
  const picture = pictureType(beginning)
  return {
    headers: {
      ...strangersHeaders,
      ETag: `"${file.id}"`,
      'Content-Type': picture ?? 'application/octet-stream',
      'Content-Disposition': `${picture ? 'inline' : 'attachment'}; filename*=UTF-8''${extended(file.name)}`,
    },
    body: file.content,
  }
}

/** A file name in the notation of RFC 8187, for a header. */
const extended = (name: string): string =>
  encodeURIComponent(name).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
