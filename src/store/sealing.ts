import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scryptSync } from 'node:crypto'
import { ConfigurationError, StoreError } from '../errors.ts'

/** Encrypts secrets before they go into a store. */
export interface Sealing {
  /**
   * Returns the text in the form to store. `context` names its place, usually its store key. It cannot be opened with
   * another context, so that a person with write access to the store cannot swap values between records.
   */
  seal(text: string, context: string): string
  /**
   * Returns the original text. Text that was stored without a key is returned as it is.
   *
   * @throws {ConfigurationError} if it was sealed with a key that is not given, or no longer is.
   * @throws {StoreError} if it was altered or belongs to another context.
   */
  open(text: string, context: string): string
  /** Whether `seal` would now seal it in the same way: with the first key, or not at all if there are no keys. */
  isCurrent(text: string): boolean
}

interface Key {
  readonly id: string
  readonly secret: Buffer
}

const sealedMark = 'sealed:'
const version = 'v1'
const plainMark = 'plain:'
const minimumPassphrase = 16

/**
 * Seals with AES-256-GCM and the option `secretKey`: 32 random bytes in base64 or hex (`openssl rand -base64 32`), or a
 * passphrase of at least 16 characters. Of several keys, the first seals and all open: to change the key, put a new one
 * first. Without a key, texts are stored as they are.
 *
 * A passphrase is stretched with scrypt and a fixed salt, since there is no place for a salt that all processes can read.
 * So equal passphrases give equal keys everywhere, and random bytes are the better choice.
 *
 * The sealed form is `sealed:v1:<key id>:<nonce, tag and ciphertext in base64url>`.
 *
 * @throws {ConfigurationError} if a key is too short; the message does not repeat it.
 */
export function createSealing(secretKey?: string | readonly string[]): Sealing {
  const given = secretKey === undefined ? [] : [secretKey].flat()
  if (secretKey !== undefined && given.length === 0)
    throw new ConfigurationError('secretKey: expected one or more keys, got an empty list')
  const keys = given.map(deriveKey)
  const first = keys[0]

  return {
    seal(text, context) {
      if (first) return encrypt(first, text, context)
      // A text that looks like one of our forms is marked, since it would not be returned unchanged otherwise.
      return text.startsWith(sealedMark) || text.startsWith(plainMark) ? plainMark + text : text
    },
    isCurrent: (text) =>
      first ? text.startsWith(`${sealedMark}${version}:${first.id}:`) : !text.startsWith(sealedMark),
    open(text, context) {
      if (text.startsWith(plainMark)) return text.slice(plainMark.length)
      if (!text.startsWith(sealedMark)) return text
      const [, form, id, data] = text.split(':')
      if (form !== version || id === undefined || data === undefined)
        throw new StoreError(
          `the secret of ${context} has an unknown sealed form: expected ${version}. A newer release may know it.`,
        )
      if (!first)
        throw new ConfigurationError(
          `the secret of ${context} is encrypted, but there is no secretKey: set the key it was encrypted with (id ${id})`,
        )
      const key = keys.find((candidate) => candidate.id === id)
      if (!key)
        throw new ConfigurationError(
          `the secret of ${context} was encrypted with a key that is not in secretKey: expected the id ${id}, got ` +
            `${keys.map((candidate) => candidate.id).join(', ')}. List the old key after the new one.`,
        )
      return decrypt(key, data, context)
    },
  }
}

const nonceLength = 12
const tagLength = 16

function encrypt(key: Key, text: string, context: string): string {
  const nonce = randomBytes(nonceLength)
  const cipher = createCipheriv('aes-256-gcm', key.secret, nonce, { authTagLength: tagLength })
  cipher.setAAD(associated(key, context))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  const data = Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
  return `${sealedMark}${version}:${key.id}:${data}`
}

function decrypt(key: Key, data: string, context: string): string {
  try {
    const bytes = Buffer.from(data, 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', key.secret, bytes.subarray(0, nonceLength), {
      authTagLength: tagLength,
    })
    decipher.setAAD(associated(key, context))
    decipher.setAuthTag(bytes.subarray(nonceLength, nonceLength + tagLength))
    const opened = decipher.update(bytes.subarray(nonceLength + tagLength))
    return Buffer.concat([opened, decipher.final()]).toString('utf8')
  } catch (cause) {
    throw new StoreError(
      `the secret of ${context} could not be decrypted: it was altered, or belongs to another record`,
      { cause },
    )
  }
}

const associated = (key: Key, context: string): Buffer => Buffer.from(`${version}:${key.id}:${context}`)

function deriveKey(text: unknown, index: number): Key {
  if (typeof text !== 'string' || text.length < minimumPassphrase)
    throw new ConfigurationError(
      `secretKey: expected 32 random bytes in base64 or hex, or a passphrase of at least ${minimumPassphrase} ` +
        `characters, got ${typeof text === 'string' ? `a string of ${text.length} characters` : `a ${typeof text}`}` +
        `${index > 0 ? ` at position ${index + 1}` : ''}. Create one with: openssl rand -base64 32`,
    )
  const material = randomKey(text) ?? stretch(text)
  return {
    secret: Buffer.from(hkdfSync('sha256', material, salt, 'encryption', 32)),
    // Derived separately from the key, so that it reveals nothing about it.
    id: Buffer.from(hkdfSync('sha256', material, salt, 'key id', 6)).toString('hex'),
  }
}

const salt = 'hipchat-addon sealing v1'

function randomKey(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64') // reads base64url too
  return undefined
}

// 32 MiB and about a tenth of a second, once per key and process.
const stretch = (passphrase: string): Buffer =>
  scryptSync(passphrase.normalize('NFC'), salt, 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 })
