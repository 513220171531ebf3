import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { endianness } from 'node:os'

/** LMDB cannot use a file. The message says what is wrong with the file, but not what to do. */
export class DamagedFileError extends Error {
  override name = 'DamagedFileError'
}

/**
 * Refuses an LMDB data file that is truncated or damaged. LMDB maps the file into memory and follows its references: one
 * that leads out of the file ends the process with SIGBUS or SIGSEGV, without a message. So everything that LMDB would
 * follow is checked here first: the meta pages, and every page of every tree. Values are not read; they only have to be
 * inside the file. A missing file is fine.
 *
 * Files larger than 512 MiB are only checked when they are shorter than their header says: a check takes a second for
 * each 500 MiB.
 *
 * Another process may be writing to the file. So damage only counts if the file is still at the same transaction after
 * the check, and if several checks find it.
 *
 * @throws {DamagedFileError}
 */
export function checkLmdbFile(file: string): void {
  for (let look = 1; ; look += 1) {
    const found = lookAt(file)
    if (found === undefined) return
    // A process that writes all the time has checked the file itself. A file is also empty while it is created.
    if (look >= (found.damage === empty ? 10 * looks : looks)) {
      if (found.changing) return
      throw new DamagedFileError(`${file} ${found.damage}`)
    }
    Atomics.wait(sleeping, 0, 0, pause)
  }
}

const looks = 10
const empty = 'is empty'
const pause = 10 // milliseconds
const sleeping = new Int32Array(new SharedArrayBuffer(4))

interface Found {
  readonly damage: string
  /** Another process was writing. */
  readonly changing: boolean
}

function lookAt(file: string): Found | undefined {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch {
    return undefined // missing, or unreadable, which LMDB reports itself
  }
  const before = readMetas(descriptor)
  try {
    if (!fstatSync(descriptor).isFile()) return { damage: 'is not a file', changing: false }
    check(descriptor)
    return undefined
  } catch (error) {
    // A RangeError of a buffer: a reference leads out of its page.
    if (!(error instanceof Damage || error instanceof RangeError)) throw error
    return {
      damage: error instanceof Damage ? error.message : 'is damaged',
      changing: !before.equals(readMetas(descriptor)),
    }
  } finally {
    closeSync(descriptor)
  }
}

class Damage extends Error {}

// The layout of version 2 on 64-bit little-endian machines. Other files are left to LMDB.
const magic = 0xbeefc0de
const version = 2
const header = 24
const metaLength = header + 144
const at = {
  flags: 18,
  lower: 20,
  upper: 22,
  pages: 20,
  magic: 24,
  version: 28,
  size: 48,
  free: 48,
  main: 96,
}
const lastPageAt = 144
const txnAt = 152
const tree = { flags: 4, depth: 6, root: 40, length: 48 }
const pageFlags = { branch: 1, leaf: 2, overflow: 4, meta: 8 }
const nodeFlags = { big: 1, subtree: 2, duplicates: 4 }
// The flags for the order of keys and values. Only the list of free pages has one, since its keys are numbers.
const integerKey = 0x08
const ordered = 0x7e
const nothing = 0xffff_ffff_ffff_ffffn
const longestWalk = 512 * 1024 * 1024
const mostMissing = 1024 * 1024 * 1024
const deepest = 32

const known = endianness() === 'LE' && /^(x64|arm64|ppc64|riscv64|loong64)$/.test(process.arch)

/** The position of the second meta page depends on the page size, which the first one contains. */
function readMetas(descriptor: number): Buffer {
  const both = Buffer.alloc(2 * metaLength)
  if (!fstatSync(descriptor).isFile()) return both
  readSync(descriptor, both, 0, metaLength, 0)
  readSync(descriptor, both, metaLength, metaLength, both.readUInt32LE(at.size))
  return both
}

function check(descriptor: number): void {
  const metas = readMetas(descriptor)
  // After the meta pages: the file may have grown since.
  const { size } = fstatSync(descriptor)
  if (size === 0) throw new Damage(empty)
  if (!metas.subarray(0, metaLength).includes(magicBytes))
    throw new Damage('is not an LMDB file, or is damaged')
  if (!known) return
  const pageSize = metas.readUInt32LE(at.size)
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0)
    throw new Damage(`is damaged: its pages cannot have ${pageSize} bytes`)
  if (size < 2 * pageSize)
    throw new Damage(`is truncated: expected at least ${2 * pageSize} bytes, got ${size}`)
  const [first, second] = [metas.subarray(0, metaLength), metas.subarray(metaLength)]
  for (const [number, meta] of [first, second].entries())
    if (
      meta.readUInt32LE(at.magic) !== magic ||
      (meta.readUInt32LE(at.version) & 0xffff) !== version ||
      meta.readUInt32LE(at.size) !== pageSize ||
      (meta.readUInt16LE(at.flags) & pageFlags.meta) === 0 ||
      meta.readUInt16LE(at.free + tree.flags) !== integerKey // other flags are for encryption and the like
    )
      throw new Damage(`is damaged: its meta page ${number} is not one of LMDB ${version}`)
  const newest = first.readBigUInt64LE(txnAt) >= second.readBigUInt64LE(txnAt) ? first : second
  const lastPage = newest.readBigUInt64LE(lastPageAt)
  // The file may be shorter than its header says if its last pages are free. The trees show whether they are.
  if (size <= longestWalk || (lastPage + 1n) * BigInt(pageSize) > size)
    walk(descriptor, newest, pageSize, size, lastPage)
}

const magicBytes = Buffer.from([0xde, 0xc0, 0xef, 0xbe])

interface Step {
  readonly page: bigint
  /** Levels of pages from here down to the leaves, including this one. */
  readonly levels: number
  readonly isFreeList: boolean
}

function walk(descriptor: number, meta: Buffer, pageSize: number, size: number, lastPage: bigint): void {
  const pages = Math.floor(size / pageSize)
  const claimed = (lastPage + 1n) * BigInt(pageSize)
  const truncated = new Damage(`is truncated or damaged: it has ${size} bytes of ${claimed}`)
  if (claimed - BigInt(size) > mostMissing) throw truncated
  const missing = new Set<number>()
  for (let number = pages; number <= Number(lastPage); number += 1) missing.add(number)
  const seen = new Uint8Array(pages)
  const page = Buffer.alloc(pageSize)
  const steps: Step[] = []
  addTree(meta.subarray(at.free), true)
  addTree(meta.subarray(at.main), false)
  for (let step = steps.pop(); step; step = steps.pop()) {
    enter(step.page, 1n)
    readPage(step.page)
    readNodes(step)
  }
  if (missing.size > 0) throw truncated

  function addTree(record: Buffer, isFreeList: boolean): void {
    const root = record.readBigUInt64LE(tree.root)
    const levels = record.readUInt16LE(tree.depth)
    if ((record.readUInt16LE(tree.flags) & ordered) !== (isFreeList ? ordered & integerKey : 0))
      throw new Damage('is damaged: a tree in it is of an unknown kind')
    if (root === nothing) return
    if (levels === 0 || levels > deepest) throw new Damage(`is damaged: a tree in it has ${levels} levels`)
    steps.push({ page: root, levels, isFreeList })
  }

  /** Marks pages as used. A second use is a circular reference, or two things in one place. */
  function enter(first: bigint, count: bigint): void {
    if (first < 2n) throw new Damage(`is damaged: it refers to page ${first} for data`)
    if (count > BigInt(pages) || first + count > BigInt(pages))
      throw new Damage(
        `is truncated or damaged: it has ${size} bytes of ${claimed}, and refers to page ${first}`,
      )
    for (let number = Number(first); number < Number(first + count); number += 1) {
      if (seen[number]) throw new Damage(`is damaged: page ${number} is referred to twice`)
      seen[number] = 1
    }
  }

  function readPage(number: bigint): void {
    readSync(descriptor, page, 0, pageSize, Number(number) * pageSize)
    if (page.readBigUInt64LE(0) !== number)
      throw new Damage(`is damaged: page ${number} is not of the expected kind`)
  }

  function readNodes({ page: number, levels, isFreeList }: Step): void {
    const flags = page.readUInt16LE(at.flags) & (pageFlags.branch | pageFlags.leaf | pageFlags.overflow)
    const isLeaf = flags === pageFlags.leaf
    const lower = page.readUInt16LE(at.lower)
    const upper = page.readUInt16LE(at.upper)
    const room = pageSize - header
    const isRight = isLeaf ? levels === 1 : flags === pageFlags.branch && levels > 1
    // LMDB keeps no page without nodes.
    if (!isRight || lower % 2 !== 0 || lower === 0 || lower > upper || upper > room || (!isLeaf && lower < 4))
      throw new Damage(`is damaged: page ${number} is not of the expected kind`)
    const faulty = new Damage(`is damaged: page ${number} has a node that does not fit in it`)
    const deferred: { readonly first: bigint; readonly bytes: number; readonly count: bigint }[] = []
    for (let pointer = header; pointer < header + lower; pointer += 2) {
      const node = page.readUInt16LE(pointer) + header
      if (node < header + upper || node + 8 > pageSize) throw faulty
      const low = page.readUInt32LE(node)
      const nodeFlag = page.readUInt16LE(node + 4)
      const keyLength = page.readUInt16LE(node + 6)
      const keyEnd = node + 8 + keyLength
      if (keyEnd > pageSize || (isFreeList && isLeaf && keyLength !== 8)) throw faulty
      if (!isLeaf) {
        steps.push({ page: BigInt(low) + (BigInt(nodeFlag) << 32n), levels: levels - 1, isFreeList })
        continue
      }
      const isBig = (nodeFlag & nodeFlags.big) !== 0
      const length = isBig ? 24 : low
      if (keyEnd + length > pageSize || (nodeFlag & nodeFlags.duplicates) !== 0) throw faulty
      if (isBig)
        deferred.push({
          first: page.readBigUInt64LE(keyEnd),
          bytes: low,
          count: page.readBigUInt64LE(keyEnd + 16),
        })
      else if (isFreeList) readFreeList(page.subarray(keyEnd, keyEnd + length))
      else if ((nodeFlag & nodeFlags.subtree) !== 0) {
        if (length !== tree.length) throw faulty
        addTree(page.subarray(keyEnd), false)
      }
    }
    for (const { first, bytes, count } of deferred) {
      if (count * BigInt(pageSize) < BigInt(bytes + header)) throw faulty
      enter(first, count)
      readPage(first)
      if (
        (page.readUInt16LE(at.flags) & pageFlags.overflow) === 0 ||
        BigInt(page.readUInt32LE(at.pages)) < count
      )
        throw new Damage(`is damaged: page ${first} is not of the expected kind`)
      if (isFreeList) {
        const list = Buffer.alloc(bytes)
        readSync(descriptor, list, 0, bytes, Number(first) * pageSize + header)
        readFreeList(list)
      }
    }
  }

  /** Records free pages beyond the end of the file. A run of pages is stored as its negative length and its first page. */
  function readFreeList(list: Buffer): void {
    const count = list.length >= 8 ? list.readBigUInt64LE(0) : nothing
    if (count > BigInt(Math.floor(list.length / 8) - 1))
      throw new Damage('is damaged: its list of free pages is truncated')
    for (let index = 1; index <= Number(count); index += 1) {
      const entry = list.readBigInt64LE(index * 8)
      const isRun = entry < 0n && index < Number(count)
      if (isRun) index += 1
      const first = isRun ? list.readBigInt64LE(index * 8) : entry
      const length = isRun ? -entry : 1n
      // A run may be used up, and its place empty.
      if (first < 0n || first + length - 1n > lastPage)
        throw new Damage('is damaged: its list of free pages leads out of it')
      for (let free = first < BigInt(pages) ? BigInt(pages) : first; free < first + length; free += 1n)
        missing.delete(Number(free))
    }
  }
}
