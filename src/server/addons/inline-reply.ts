import { operations } from '../../api/operations/index.ts'
import type { Notification } from '../../api/operations/messages.ts'
import { BodyRefusedError } from '../../common/body.ts'
import { kibibyte } from '../../common/sizes.ts'
import { CallRefusedError } from '../errors.ts'
import { kindOf, parseBody } from '../http/parsing.ts'
import type { Decompressed } from './decompression.ts'

/** Longest answer that is read as a notification, in bytes. */
export const longestReply = 64 * kibibyte

/** The answer to a delivery: a notification to post, something that cannot be posted, or nothing. */
export type InlineReply =
  | { readonly notification: Notification }
  /** Why it is not posted, for the add-on's author. */
  | { readonly refused: string }
  | undefined

/**
 * Reads a 2xx answer as the body of `sendRoomNotification`, with the same relaxations: HipChat posted the object
 * that a webhook was answered with. In contrast to that operation, the content type must be correct: an add-on that
 * answers with a page or plain text does not mean to post it.
 */
export function readInlineReply({ status, headers, bytes, fault }: Decompressed): InlineReply {
  const { 'content-type': given } = headers
  const contentType = typeof given === 'string' && given.trim() !== '' ? given : undefined
  const kind = kindOf(contentType ?? '')
  const isNotification = kind === 'json' || kind === 'form'
  if (isEmpty(bytes)) return status !== 204 && isNotification ? { refused: 'the body is empty' } : undefined
  if (!isNotification)
    return {
      refused: `expected the content type application/json, got ${contentType?.slice(0, 100) ?? 'none'}`,
    }
  if (fault !== undefined) return { refused: fault }
  if (bytes.length > longestReply) return { refused: `the body is longer than ${longestReply} bytes` }
  try {
    const members = parseBody(operations.sendRoomNotification.body, contentType, bytes)
    return { notification: members as unknown as Notification } // validated by that schema
  } catch (error) {
    if (error instanceof CallRefusedError || error instanceof BodyRefusedError)
      return { refused: error.message }
    throw error
  }
}

const isEmpty = (bytes: Buffer): boolean => bytes.length === 0 || bytes.toString('hex', 0, 4) === 'efbbbf'
