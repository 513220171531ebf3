import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { InvalidArgumentError } from 'commander'
import { exchange } from '../common/http.ts'
import { createOutbound } from '../common/outbound.ts'
import { kibibyte } from '../common/sizes.ts'
import { withoutMark } from '../common/text.ts'
import { messageOf } from '../errors.ts'
import { UnansweredError, UsageError } from './usage.ts'

/** Allows every address: the caller chose it themselves. */
export const anywhere = createOutbound({ ranges: ['0.0.0.0/0', '::/0'], loopback: true, http: true })

/** The longest descriptor in bytes, as on a compatible server. */
const longest = 256 * kibibyte
const timeout = 10_000

/** Whether an argument is an http or https address. */
export const isAddress = (source: string): boolean => /^https?:\/\//i.test(source)

/** Checks the argument with the address of an add-on's descriptor. */
export function descriptorUrl(argument: string): string {
  if (isAddress(argument) && URL.canParse(argument)) return argument
  throw new InvalidArgumentError('expected an http or https address')
}

/**
 * Reads the text of a descriptor from a file, an http or https address, or standard input for `-`. Throws a
 * {@link UsageError} or {@link UnansweredError} if it cannot be read.
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
    throw new UsageError(`expected a file that can be read, an address, or -; got ${source}${code}`)
  }
}

/** Fetches a descriptor as a server does. */
export async function fetchDescriptor(url: string): Promise<string> {
  try {
    const headers = { accept: 'application/json' }
    const answer = await exchange({ method: 'GET', url, outbound: anywhere, timeout, headers })
    if (answer.status === 200) return answer.body
    throw new Error(`expected status 200, got ${answer.status}`)
  } catch (error) {
    throw new UnansweredError(`the descriptor at ${url} cannot be read: ${messageOf(error)}`)
  }
}
