import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import type { HttpResponse } from '../../common/http.ts'

/** An answer with its body decompressed. */
export interface Decompressed extends Pick<HttpResponse, 'status' | 'headers'> {
  readonly bytes: Buffer
  /** Why the body cannot be read; `bytes` then holds what was received. */
  readonly fault?: string
}

type Decoder = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Buffer

/** Zlib data, as the standard defines `deflate`, or raw deflate data, which some servers send. */
const inflate: Decoder = (bytes, options) =>
  (bytes.at(0) ?? 0) % 16 === 8 ? inflateSync(bytes, options) : inflateRawSync(bytes, options)

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflate,
  br: brotliDecompressSync,
}

/**
 * Decompresses the body of an answer. The server asks for no compression, but proxies and middleware in front of an
 * add-on compress anyway. Never produces more than `longest` bytes: a kilobyte can expand to a gigabyte.
 */
export function decompress({ status, headers, bytes }: HttpResponse, longest: number): Decompressed {
  const encoding = String(headers['content-encoding'] ?? '')
    .trim()
    .toLowerCase()
  if (encoding === '' || encoding === 'identity' || bytes.length === 0) return { status, headers, bytes }
  const decoder = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined
  const fail = (fault: string): Decompressed => ({ status, headers, bytes, fault })
  if (!decoder)
    return fail(
      `expected no Content-Encoding, or gzip, deflate or br, got ${JSON.stringify(encoding.slice(0, 100))}`,
    )
  try {
    return { status, headers, bytes: decoder(bytes, { maxOutputLength: longest }) }
  } catch (error) {
    const tooLong = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    return fail(tooLong ? `the body is longer than ${longest} bytes` : `the body is not valid ${encoding}`)
  }
}
