import type { FilePart } from '../../api/file-part.ts'
import { randomText } from '../../common/random.ts'
import { CallRefusedError } from '../errors.ts'
import type { Page } from '../http/html-page.ts'
import type { FileRecord, StoredFileRecord } from '../state/records.ts'
import type { State } from '../state/state.ts'
import { pictureType, strangersHeaders } from './pictures.ts'

const MIB = 1024 * 1024

/** Longest file taken, in bytes. What HipChat took is not known. */
export const longestFile = 20 * MIB

/** Bytes that tell a picture from all else. */
const longestSignature = 8

const folder = '/files/'

/** Address of a file below the server's own. The name at its end is for people and their disks. */
export const filePath = (id: string, name: string): string => `${folder}${id}/${encodeURIComponent(name)}`

/** A file that came: what its message says of it, and what is stored. 413 for one that is too long. */
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
 * The file at an address below the server's own; `undefined` where there is none. Pictures are shown, everything else is
 * handed over to be saved and not called what its sender called it: a page or a script must not run as one of ours.
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

/** A name as RFC 8187 has it in a header. */
const extended = (name: string): string =>
  encodeURIComponent(name).replace(/['()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
