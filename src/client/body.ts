import { randomUUID } from 'node:crypto'
import { type FilePart, filePart } from '../api/file-part.ts'
import type { Body } from '../api/operation.ts'
import type { Schema } from '../common/schema.ts'

/** An encoded request body. */
export interface Encoded {
  readonly content: string | Buffer
  readonly contentType: string
}

type Members = Readonly<Record<string, unknown>>

const lineEnd = '\r\n'

/**
 * Encodes valid members in the content type of the operation. Returns `undefined` for a file whose content is not bytes,
 * which a schema cannot check.
 */
export function encodeBody({ type, schema }: Body, members: Members): Encoded | undefined {
  switch (type) {
    case 'form':
      return {
        content: new URLSearchParams(members as Record<string, string>).toString(), // form schemas have only strings
        contentType: 'application/x-www-form-urlencoded',
      }
    case 'multipart/related':
      return multipart(members, schema)
    default:
      return { content: JSON.stringify(members), contentType: 'application/json' }
  }
}

/** One part for each member, in the order of the schema: HipChat's clients sent the metadata before the file. */
function multipart(members: Members, schema: Schema): Encoded | undefined {
  const boundary = randomUUID() // a file contains it with a chance of one in 2^122
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, Schema>> // made by `object`
  const pieces: Uint8Array[] = []
  for (const [name, member] of Object.entries(properties)) {
    const value = members[name]
    if (value === undefined) continue
    if (member === filePart) {
      const file = value as FilePart // checked except for the content
      if (!(file.content instanceof Uint8Array)) return undefined
      pieces.push(...part(boundary, name, file))
    } else {
      const content = JSON.stringify(value)
      pieces.push(...part(boundary, name, { type: 'application/json; charset=UTF-8', content }))
    }
  }
  return {
    content: Buffer.concat([...pieces, Buffer.from(`--${boundary}--${lineEnd}`)]),
    contentType: `multipart/related; boundary="${boundary}"`,
  }
}

interface Part {
  readonly name?: string
  readonly type?: string
  readonly content: string | Uint8Array
}

function part(boundary: string, member: string, { name, type, content }: Part): Uint8Array[] {
  const fileName = name === undefined ? '' : `; filename="${name.replaceAll('"', '\\"')}"`
  const head = [
    `--${boundary}`,
    `Content-Type: ${type ?? 'application/octet-stream'}`,
    `Content-Disposition: attachment; name="${member}"${fileName}`,
  ]
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return [Buffer.from([...head, '', ''].join(lineEnd)), bytes, Buffer.from(lineEnd)]
}
