import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { InvalidArgumentError } from 'commander'
import { exchange, KIB } from '../common/http.ts'
import { createOutbound } from '../common/outbound.ts'
import { withoutMark } from '../common/text.ts'
import { messageOf } from '../errors.ts'
import { UnansweredError, UsageError } from './usage.ts'

/** What is fetched is the caller's own word, so where it leads is his business. */
export const anywhere = createOutbound({ ranges: ['0.0.0.0/0', '::/0'], loopback: true, http: true })

/** Longest descriptor read: as much as a compatible server takes. */
const longest = 256 * KIB
const timeout = 10_000

export const isAddress = (source: string): boolean => /^https?:\/\//i.test(source)

/** Reads the argument that says where an add-on serves its descriptor. */
export function descriptorUrl(text: string): string {
  if (isAddress(text) && URL.canParse(text)) return text
  throw new InvalidArgumentError('expected an address with http or https')
}

/**
 * The text of a descriptor in a file, at an http or https address, or on the standard input for `-`. Throws a
 * {@link UsageError} or {@link UnansweredError} when it cannot be read.
 */
export async function readDescriptor(source: string): Promise<string> {
  const content = isAddress(source) ? await fetchDescriptor(source) : await readLocal(source)
  if (Buffer.byteLength(content) > longest)
    throw new UsageError(`${source}: expected a descriptor of at most ${longest} bytes`)
  return withoutMark(content)
}

async function readLocal(source: string): Promise<string> {
  if (source === '-') return text(process.stdin)
  try {
    return await readFile(source, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    throw new UsageError(`expected a file that can be read, an address, or -; came ${source}${code}`)
  }
}

/** The descriptor at an address, as an add-on serves it to a server. */
export async function fetchDescriptor(url: string): Promise<string> {
  try {
    const headers = { accept: 'application/json' }
    const answer = await exchange({ method: 'GET', url, outbound: anywhere, timeout, headers })
    if (answer.status === 200) return answer.body
    throw new Error(`it answered ${answer.status}, not 200`)
  } catch (error) {
    throw new UnansweredError(`the descriptor at ${url} cannot be read: ${messageOf(error)}`)
  }
}
