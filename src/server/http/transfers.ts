import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { mebibyte } from '../../common/sizes.ts'
import { CallRefusedError } from '../errors.ts'
import { type Bytes, pieceLength } from '../state/blobs.ts'

/**
 * Bytes in transit: request bodies and answers. Each caller can only hold a limited number of them, so that sending
 * or reading slowly cannot fill the memory, and a reader that takes nothing is disconnected.
 */
export interface Transfers {
  /** 429 for a caller that holds too many bytes, 503 when all callers together hold too many. */
  check(caller: string): void
  /** Checks, and counts bytes as held for a caller until the returned function is called. */
  hold(caller: string, bytes: number): () => void
  /**
   * Streams a part of some bytes as fast as its reader takes them. `held` is how many of them are in memory until
   * the stream ends; they count as held for the caller.
   */
  send(sending: Sending): Readable
  /** Disconnects a response that is not read in time. */
  watch(response: ServerResponse): void
  close(): void
}

/** An answer to stream. */
export interface Sending {
  readonly response: ServerResponse
  readonly caller: string
  readonly bytes: Bytes
  readonly from: number
  readonly to: number
  readonly held: number
}

/** Limits of bytes in transit. */
export interface TransferLimits {
  /** Bytes held for one caller. */
  readonly caller: number
  /** Bytes held for all callers. */
  readonly all: number
  /** Milliseconds in which a reader must take {@link pieceLength}, or the rest. */
  readonly patience: number
}

/**
 * A caller can have two uploads of the largest file in transit, or sixteen full pages of a history, or 500
 * downloads.
 */
const transferLimits: TransferLimits = { caller: 64 * mebibyte, all: 512 * mebibyte, patience: 30_000 }

interface Watched {
  /** Pieces that the reader has taken. */
  taken: number
  takenBefore: number
  since: number
}

/** Creates the counting of bytes in transit. */
export function createTransfers(limits: TransferLimits = transferLimits): Transfers {
  const held = new Map<string, number>()
  let heldForAll = 0
  const watched = new Map<ServerResponse, Watched>()
  const ends = new WeakMap<Socket, Set<() => void>>()

  const pulse = setInterval(() => {
    const now = Date.now()
    for (const [response, one] of watched) {
      if (one.taken > one.takenBefore) Object.assign(one, { takenBefore: one.taken, since: now })
      else if (now - one.since >= limits.patience) response.req.socket.destroy()
    }
  }, limits.patience / 6)
  pulse.unref()

  function add(caller: string, bytes: number): void {
    const sum = (held.get(caller) ?? 0) + bytes
    if (sum > 0) held.set(caller, sum)
    else held.delete(caller)
    heldForAll += bytes
  }

  function count(caller: string, bytes: number): () => void {
    let counted = bytes
    add(caller, counted)
    return () => {
      add(caller, -counted)
      counted = 0
    }
  }

  function check(caller: string): void {
    const own = held.get(caller) ?? 0
    if (own >= limits.caller)
      throw busy(
        429,
        `${own} bytes are in transit to and from you, expected fewer than ${limits.caller}: read the answers to your calls first`,
      )
    if (heldForAll >= limits.all)
      throw busy(503, 'Too many bytes are in transit to other callers: try again in a moment')
  }

  /**
   * Calls back once, when a response was read or its connection ended. A response that waits behind another one on
   * its connection does not get the end event itself.
   */
  function whenOver(response: ServerResponse, call: () => void): void {
    const { socket } = response.req
    if (response.writableFinished || socket.destroyed) {
      call()
      return
    }
    const all = ends.get(socket) ?? new Set<() => void>()
    if (!ends.has(socket)) {
      ends.set(socket, all)
      socket.once('close', () => {
        for (const one of all) one()
      })
    }
    const once = () => void (all.delete(once) && call())
    all.add(once)
    response.once('finish', once).once('close', once)
  }

  function watch(response: ServerResponse): Watched {
    const found = watched.get(response)
    if (found) return found
    const one = { taken: 0, takenBefore: 0, since: Date.now() }
    watched.set(response, one)
    whenOver(response, () => watched.delete(response))
    return one
  }

  return {
    check,
    hold(caller, bytes) {
      check(caller)
      return count(caller, bytes)
    },
    send({ response, caller, bytes, from, to, held: inMemory }) {
      const release = count(caller, inMemory)
      const progress = watch(response)
      const pieces = bytes.read(from, to)[Symbol.iterator]()
      const stream = new Readable({
        highWaterMark: pieceLength,
        read() {
          progress.taken += 1
          try {
            const { done, value } = pieces.next()
            stream.push(done ? null : value)
          } catch (error) {
            stream.destroy(error instanceof Error ? error : new Error('the bytes could not be read'))
          }
        },
        destroy(error, done) {
          pieces.return?.()
          done(error)
        },
      })
      whenOver(response, () => {
        release() // what is in memory stays there until the last of it is taken
        stream.destroy()
      })
      return stream
    },
    watch: (response) => void watch(response),
    close: () => clearInterval(pulse),
  }
}

const busy = (status: 429 | 503, message: string): CallRefusedError =>
  new CallRefusedError(status, message, { headers: { 'Retry-After': '5' } })
