import { readFileSync } from 'node:fs'
import { InvalidArgumentError, Option } from 'commander'
import { jsonFault } from '../common/json-fault.ts'
import { withoutMark } from '../common/text.ts'
import { type HipChatServer, type Seed, ServerOptionError, type ServerOptions } from '../server/index.ts'
import { UsageError } from './usage.ts'

/** The options of the server that `server` and `dev` share. */
export interface ServerFlags {
  /** Port of the server; 0 for any free one. */
  readonly port: number
  /** Folder for its state; a temporary one by default. */
  readonly data?: string | undefined
  /** JSON file with the first content of a new server. */
  readonly seed?: string | undefined
  /** The administrator's access token; a random one by default. */
  readonly adminToken?: string | undefined
}

/** An option with its environment variable: `HIPCHAT_PUBLIC_URL` for `--public-url`. */
export function option(flags: string, description: string): Option {
  const made = new Option(flags, description)
  return made.env(`HIPCHAT_${made.name().replaceAll('-', '_').toUpperCase()}`)
}

/** Creates a parser for an option that is a whole number. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}`)
    return value
  }

/** Parses an option that is a comma-separated list. */
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
  data: option('--data <folder>', "folder for the server's state; default: a temporary folder"),
  seed: option('--seed <file>', 'JSON file with the first content of a new server'),
  adminToken: option(
    '--admin-token <token>',
    "the administrator's access token; by default a random one, which is printed",
  ),
}

/** Reads the file of `--seed`. */
function readSeed(file: string): Seed {
  const text = contentOf('--seed', file)
  let seed: unknown
  try {
    seed = JSON.parse(text)
  } catch {
    // Not the engine's message: it quotes the text, and a seed contains passwords.
    const line = jsonFault(text)?.line ?? 1
    throw new UsageError(`--seed: ${file} is not valid JSON from line ${line} on`)
  }
  if (typeof seed !== 'object' || seed === null)
    throw new UsageError(`--seed: expected an object with users, rooms and so on in ${file}`)
  return seed // its form is checked when the server is created
}

/** Reads the file that an option names. */
export function contentOf(flag: string, file: string): string {
  try {
    return withoutMark(readFileSync(file, 'utf8'))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
    throw new UsageError(`${flag}: expected a file that can be read, got ${file}${code}`)
  }
}

/** The command-line options for those options of `createHipChatServer` whose names cannot be ordinary words. */
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

/** Turns an error about an option of the server into one about the command-line option. */
export function asUsage(error: unknown): unknown {
  if (!(error instanceof ServerOptionError)) return error
  const message = error.message
    .replaceAll(
      /\b(?:adminToken|publicUrl|otherUrls|tokenLifetime|allowPrivate|allowHttp|trustedProxies|tls\.cert|tls\.key)\b/g,
      (name) => flagOf[name] ?? name,
    )
    .replaceAll(/(?<=^(?:expected )?|: |; )(?=(?:seed|data|host)\b)/g, '--')
  return new UsageError(message)
}

/** The server's options from the command line. */
export const serverOptions = ({ port, data, seed, adminToken }: ServerFlags): ServerOptions => ({
  port,
  ...(data === undefined ? {} : { data }),
  ...(adminToken === undefined ? {} : { adminToken }),
  ...(seed === undefined ? {} : { seed: readSeed(seed) }),
})

/** The administrator's token; `null` if it was given, since the person knows it and others may see the output. */
export const shownToken = (server: HipChatServer, { adminToken }: ServerFlags): string | null =>
  adminToken === undefined ? server.adminToken : null

/** Lines that a command prints at its start about the server's token and state. */
export const aboutServer = (server: HipChatServer, given: ServerFlags): string[] => [
  `Administrator's token      ${shownToken(server, given) ?? '(as given)'}`,
  `State                      ${given.data ?? 'temporary: lost when the server stops'}`,
  ...(given.seed !== undefined && !server.seeded
    ? [`Seed                       not applied: ${given.data} already contains a group`]
    : []),
]
