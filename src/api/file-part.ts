import { type Infer, object, optional, type Schema, string } from '../common/schema.ts'

// JSON Schema has no type for bytes, so the sender and the receiver check for them.
const bytes: Schema<Uint8Array> = { type: 'object', description: 'a Buffer or another Uint8Array' }

/**
 * A file as one part of a multipart body. `type` is the sender's claim; the receiver has to check the bytes itself.
 */
export const filePart = object(
  {
    // Excludes paths, and characters that would break the header that it is sent in.
    name: string({
      minLength: 1,
      maxLength: 255,
      pattern: '^(?!\\.{1,2}$)[^\\p{Cc}\\p{Cs}/\\\\]*$',
    }),
    type: optional(string({ maxLength: 255, pattern: '^[\\w.+-]+/[\\w.+-]+(;[^\\p{Cc}]*)?$' })),
    content: bytes,
  },
  { description: '`{ name, type?, content }`: file name, media type, and the bytes as a Uint8Array' },
)

/** A file to send: its name, media type and bytes. */
export type FilePart = Infer<typeof filePart>
