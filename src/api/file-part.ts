import { type Infer, object, optional, type Schema, string } from '../common/schema.ts'

// JSON Schema has no type for bytes; whoever sends or reads them sees to it that they are.
const bytes: Schema<Uint8Array> = { type: 'object', description: 'a Buffer or another Uint8Array' }

/**
 * A file on its way, as one part of a multipart body. What its bytes are is for the receiver to find out: `type` is what
 * the sender thinks.
 */
export const filePart = object(
  {
    // Neither a folder nor what would break the header that it is sent in.
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

export type FilePart = Infer<typeof filePart>
