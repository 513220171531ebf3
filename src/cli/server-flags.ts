import { readFileSync } from 'node:fs'
import { InvalidArgumentError, Option } from 'commander'
import { jsonFault } from '../common/json-fault.ts'
import { withoutMark } from '../common/text.ts'
import { type HipChatServer, type Seed, ServerOptionError, type ServerOptions } from '../server/index.ts'
import { UsageError } from './usage.ts'

/** What `server` and `dev` are both told of the server. */
export interface ServerFlags {
  readonly port: number
  readonly data?: string | undefined
  readonly seed?: string | undefined
  readonly adminToken?: string | undefined
}

/** An option with its environment variable: `--public-url` is `HIPCHAT_PUBLIC_URL`. */
export function option(flags: string, description: string): Option {
  const made = new Option(flags, description)
  return made.env(`HIPCHAT_${made.name().replaceAll('-', '_').toUpperCase()}`)
}

/** Reads a flag's value. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}`)
    return value
  }

/** Reads a flag's value: names, addresses or the like with commas between them. */
export const list = (text: string): string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean)

/** The options of {@link ServerFlags}. */
export const serverFlags = {
  port: option('-p, --port <number>', 'port of the server; 0 for any free one')
    .default(8080)
    .argParser(wholeNumber(0, 65_535)),
  data: option('--data <folder>', "where the server's state is kept; in a temporary folder when absent"),
  seed: option('--seed <file>', 'JSON file: what a new server begins with'),
  adminToken: option(
    '--admin-token <token>',
    "the administrator's access token; a random one is printed when absent",
  ),
}

/** What a new server begins with, from the file that `--seed` names. */
function readSeed(file: string): Seed {
  const text = contentOf('--seed', file)
  let seed: unknown
  try {
    seed = JSON.parse(text)
  } catch {
    // Not the engine's message: it quotes the text, and a seed holds passwords.
    const line = jsonFault(text)?.line ?? 1
    throw new UsageError(`--seed: expected JSON, ${file} is none from line ${line} on`)
  }
  if (typeof seed !== 'object' || seed === null)
    throw new UsageError(`--seed: expected an object with users, rooms and the like in ${file}`)
  return seed // its form is checked when the server is created
}

/** What is in a file that a flag names. */
export function contentOf(flag: string, file: string): string {
  try {
    return withoutMark(readFileSync(file, 'utf8'))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    throw new UsageError(`${flag}: expected a file that can be read, came ${file}${code}`)
  }
}

/** Options of `createHipChatServer` whose names are no words of a sentence, by their flags. */
const flagOf: Readonly<Record<string, string>> = {
  adminToken: '--admin-token',
  publicUrl: '--public-url',
  tokenLifetime: '--token-lifetime',
  allowPrivate: '--allow-private',
  trustedProxies: '--trusted-proxies',
  allowHttp: '--allow-http',
  otherUrls: '--other-urls',
  'tls.cert': '--tls-cert',
  'tls.key': '--tls-key',
}

/** What is wrong with an option, said of the flag. */
export function asUsage(error: unknown): unknown {
  if (!(error instanceof ServerOptionError)) return error
  const message = error.message
    .replaceAll(
      /\b(?:adminToken|publicUrl|otherUrls|tokenLifetime|allowPrivate|allowHttp|trustedProxies|tls\.cert|tls\.key)\b/g,
      (name) => flagOf[name] ?? name,
    )
    .replaceAll(/(?<=^|: |; )(?=(?:seed|data|host)\b)/g, '--')
  return new UsageError(message)
}

/** The server's options out of the flags. */
export const serverOptions = ({ port, data, seed, adminToken }: ServerFlags): ServerOptions => ({
  port,
  ...(data === undefined ? {} : { data }),
  ...(adminToken === undefined ? {} : { adminToken }),
  ...(seed === undefined ? {} : { seed: readSeed(seed) }),
})

/** The administrator's token, unless it was given: who gave it knows it, and others may read along. */
export const shownToken = (server: HipChatServer, { adminToken }: ServerFlags): string | null =>
  adminToken === undefined ? server.adminToken : null

/** Lines of what a command says at its start: where the server is, and what it keeps. */
export const aboutServer = (server: HipChatServer, given: ServerFlags): string[] => [
  `Administrator's token      ${shownToken(server, given) ?? '(as given)'}`,
  `State                      ${given.data ?? 'temporary: gone when the server stops'}`,
  ...(given.seed !== undefined && !server.seeded
    ? [`Seed                       not applied: ${given.data} holds a group already`]
    : []),
]
