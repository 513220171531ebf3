import { isUtf8 } from 'node:buffer'
import { decoded } from '../../common/well-formed.ts'
import { badRequest } from '../errors.ts'

/** One part of a multipart body, decoded. */
export interface Part {
  /** From its `Content-Disposition`. */
  readonly name?: string
  /** Media type in lower case, without parameters; absent when the part does not name one. */
  readonly type?: string
  /** File name without folders; absent when the part has none. */
  readonly fileName?: string
  readonly content: Buffer
}

const mostParts = 10
const longestHead = 4096

/** A file may have lines that look like a delimiter, but each of them costs time. */
const mostMisses = 1000

const lineFeed = 0x0a
const carriageReturn = 0x0d

/**
 * Splits a `multipart/related` body (RFC 2046), as two client libraries made it (hipchat/hipchat-rb and
 * tbruyelle/hipchat-go): line ends without CR, names without quotes, content in base64, and a last boundary that
 * looks like the others instead of closing the body. 400, with the reason, for everything else.
 *
 * The parsers on the registry accept one kind of line end only, and each of them refuses at least one of the two
 * libraries.
 */
export function readParts(bytes: Buffer, contentType: string): Part[] {
  const [, quoted, bare] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? []
  const boundary = quoted ?? bare
  if (boundary === undefined)
    throw badRequest('The Content-Type of a multipart body must name its boundary, of at most 70 characters')
  const parts: Part[] = []
  let open = nextDelimiter(bytes, boundary, 0)
  if (!open) throw badRequest('The body does not contain the boundary that its Content-Type names')
  while (!open.closes && !isBlank(bytes, open.end)) {
    const close = nextDelimiter(bytes, boundary, open.end)
    if (!close) throw badRequest('The body ends before its last boundary')
    if (parts.length === mostParts) throw badRequest(`The body has more than ${mostParts} parts`)
    parts.push(readPart(bytes.subarray(open.end, close.start)))
    open = close
  }
  return parts
}

interface Delimiter {
  /** Where the content before it ends: the line end before a delimiter belongs to the delimiter. */
  readonly start: number
  readonly end: number
  /** Whether it is the last one. */
  readonly closes: boolean
}

/**
 * The next line that is `--boundary` or `--boundary--`, followed by nothing but whitespace. `from` is the start of
 * a line.
 */
function nextDelimiter(bytes: Buffer, boundary: string, from: number): Delimiter | undefined {
  const beginning = Buffer.from(`--${boundary}`)
  let misses = 0
  for (const at of linesWith(beginning, bytes, from)) {
    const after = at + beginning.length
    const rest = /^(--)?[ \t]*(?:\r?\n|$)/.exec(bytes.toString('latin1', after, after + 80))
    if (rest) {
      const closes = rest[1] !== undefined
      return { start: contentEnd(bytes, at, from), end: after + rest[0].length, closes }
    }
    misses += 1
    if (misses > mostMisses)
      throw badRequest(`The body has more than ${mostMisses} lines that begin like its boundary`)
  }
  return undefined
}

function* linesWith(beginning: Buffer, bytes: Buffer, from: number): Generator<number> {
  if (bytes.subarray(from, from + beginning.length).equals(beginning)) yield from
  const mark = Buffer.concat([Buffer.of(lineFeed), beginning])
  for (let at = bytes.indexOf(mark, from); at >= 0; at = bytes.indexOf(mark, at + 1)) yield at + 1
}

/** End of the content without its line end, LF or CR LF; never before the start of the content. */
function contentEnd(bytes: Buffer, at: number, from: number): number {
  if (at <= from) return from
  const end = at - 1 // the LF
  return end > from && bytes[end - 1] === carriageReturn ? end - 1 : end
}

const isBlank = (bytes: Buffer, from: number): boolean =>
  bytes.length - from <= 80 && bytes.toString('latin1', from).trim() === ''

function readPart(bytes: Buffer): Part {
  const head = /^(?:[^\r\n]+\r?\n)*?\r?\n/.exec(bytes.toString('latin1', 0, longestHead))
  if (!head)
    throw badRequest(`A part of the body must have a head of at most ${longestHead} bytes and an empty line`)
  const headers = headersOf(headText(bytes.subarray(0, head[0].length)))
  const { name, filename } = dispositionOf(headers['content-disposition'] ?? '')
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  return {
    ...(name === undefined ? {} : { name }),
    ...(type === undefined ? {} : { type }),
    ...(filename === undefined ? {} : { fileName: filename.split(/[\\/]/).at(-1) ?? '' }),
    content: decode(
      bytes.subarray(head[0].length),
      headers['content-transfer-encoding'] ?? 'binary',
      name ?? 'without a name',
    ),
  }
}

/** Clients without UTF-8 send names in ISO-8859-1, the former encoding of HTTP headers. */
const headText = (head: Buffer): string => head.toString(isUtf8(head) ? 'utf8' : 'latin1')

function headersOf(head: string): Readonly<Record<string, string>> {
  const lines = head.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/)
  return Object.fromEntries(
    lines
      .filter((line) => line !== '')
      .map((line) => {
        const colon = line.indexOf(':')
        if (colon < 1) throw badRequest('A part of the body has a header without a colon')
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]
      }),
  )
}

/**
 * Parses `attachment; name="file"; filename="a.png"`, also without quotes. `filename*` takes precedence over
 * `filename` (RFC 6266, 4.3).
 */
function dispositionOf(header: string): Readonly<Record<string, string | undefined>> {
  const values = [...header.matchAll(/;\s*([\w-]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"]*))/g)]
  const parameters: Record<string, string> = Object.fromEntries(
    values.map(([, key = '', quoted, bare = '']) => [
      key.toLowerCase(),
      quoted?.replace(/\\(["\\])/g, '$1') ?? bare.trim(),
    ]),
  )
  const extended = extendedValue(parameters['filename*'] ?? '')
  return extended === undefined ? parameters : { ...parameters, filename: extended }
}

/** Decodes `UTF-8'en'na%C3%AFve.txt` (RFC 5987); `undefined` for an empty or invalid value, which is ignored. */
function extendedValue(value: string): string | undefined {
  const [, charset = '', encoded = ''] =
    /^([\w-]+)'[\w-]*'((?:[\w!#$&+.^`|~-]|%[0-9a-f]{2})*)$/i.exec(value) ?? []
  if (encoded === '') return undefined
  if (/^utf-8$/i.test(charset)) return decoded(encoded)
  if (/^iso-8859-1$/i.test(charset))
    return encoded.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  return undefined
}

function decode(content: Buffer, encoding: string, name: string): Buffer {
  switch (encoding.toLowerCase()) {
    case 'binary':
    case '8bit':
    case '7bit':
      return content
    case 'base64': {
      const text = content.toString('latin1').replace(/\s+/g, '')
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 === 1)
        throw badRequest(`The part ${name} is not valid base64`, name)
      return Buffer.from(text, 'base64')
    }
    default:
      throw badRequest(`The part ${name} must be base64 or binary, not ${encoding.slice(0, 40)}`, name)
  }
}
