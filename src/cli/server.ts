import { readFileSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import { pino } from 'pino'
import { hostOf, isLoopbackHost } from '../common/outbound.ts'
import { createHipChatServer, type HipChatServer, type Seed, ServerOptionError } from '../server/index.ts'
import { UsageError } from './usage.ts'

interface Given {
  port: number
  host: string
  publicUrl?: string
  data?: string
  seed?: string
  adminToken?: string
  compatibility: 'standard' | 'classic'
  tokenLifetime: number
  tlsCert?: string
  tlsKey?: string
  allowPrivate?: boolean
  log: string
}

const levels = ['off', 'error', 'warn', 'info']

const examples = `
Examples:
  Try add-ons on this machine; nothing is kept:
    hipchat-addon server --port 8080 --admin-token secret

  Keep everything in a folder, and begin with rooms of your own:
    hipchat-addon server --data ./chat --seed seed.json

  For others, behind a proxy that speaks https:
    HIPCHAT_ADMIN_TOKEN=… hipchat-addon server --data ./chat --public-url https://chat.example.net

  For others, with a certificate of its own:
    HIPCHAT_ADMIN_TOKEN=… hipchat-addon server --host 0.0.0.0 --port 443 --data ./chat \\
      --public-url https://chat.example.net --tls-cert chat.pem --tls-key chat.key

What a flag does not say is taken from the environment, and then from the default.`

/** `hipchat-addon server`: the compatible server, until it is stopped. */
export function serverCommand(): Command {
  return new Command('server')
    .description('Runs a HipChat-compatible server.')
    .addOption(
      option('-p, --port <number>', 'port to listen on; 0 for any free one')
        .default(8080)
        .argParser(wholeNumber(0, 65_535)),
    )
    .addOption(option('--host <address>', 'address to listen on').default('127.0.0.1'))
    .addOption(option('--public-url <url>', 'address under which others reach it'))
    .addOption(option('--data <folder>', 'where its state is kept; in a temporary folder when absent'))
    .addOption(option('--seed <file>', 'JSON file: what a new server begins with'))
    .addOption(
      option(
        '--admin-token <token>',
        "the administrator's access token; a random one is printed when absent",
      ),
    )
    .addOption(
      option('--compatibility <form>', 'answer as the OpenAPI document says, or as HipChat did')
        .choices(['standard', 'classic'])
        .default('standard'),
    )
    .addOption(
      option('--token-lifetime <seconds>', 'how long an access token is good')
        .default(3600)
        .argParser(wholeNumber(1, 315_360_000)),
    )
    .addOption(option('--tls-cert <file>', 'certificate in PEM form: the server then speaks https'))
    .addOption(option('--tls-key <file>', 'its private key in PEM form'))
    .addOption(
      option('--allow-private [true|false]', 'let add-ons be at private addresses, and without https')
        .preset('true')
        .argParser(yesOrNo),
    )
    .addOption(option('--log <level>', 'what is logged, to stderr').choices(levels).default('off'))
    .addHelpText('after', examples)
    .action(run)
}

/** An option with its environment variable: `--public-url` is `HIPCHAT_PUBLIC_URL`. */
function option(flags: string, description: string): Option {
  const made = new Option(flags, description)
  return made.env(`HIPCHAT_${made.name().replaceAll('-', '_').toUpperCase()}`)
}

async function run(given: Given): Promise<void> {
  const server = serverFrom(given)
  await server.listen().catch((error: unknown) => {
    throw asUsage(error)
  })
  for (const line of greeting(server, given)) console.log(line)
  stopOnSignal(server)
}

function serverFrom({ seed, tlsCert, tlsKey, log, ...given }: Given): HipChatServer {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError('--tls-cert and --tls-key go together: a certificate file and the file of its key')
  try {
    return createHipChatServer({
      ...given,
      ...(seed === undefined ? {} : { seed: readSeed(seed) }),
      ...(tlsCert === undefined || tlsKey === undefined
        ? {}
        : { tls: { cert: contentOf('--tls-cert', tlsCert), key: contentOf('--tls-key', tlsKey) } }),
      log: log === 'off' ? false : pino({ level: log }, pino.destination({ dest: 2, sync: true })),
    })
  } catch (error) {
    throw asUsage(error)
  }
}

function readSeed(file: string): Seed {
  const text = contentOf('--seed', file)
  let seed: unknown
  try {
    seed = JSON.parse(text)
  } catch (error) {
    // Not the message itself: it quotes the text, and a seed holds passwords.
    const at = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
    const line = text.slice(0, at === undefined ? text.length : Number(at)).split('\n').length
    throw new UsageError(`--seed: expected JSON, ${file} is none from line ${line} on`)
  }
  if (typeof seed !== 'object' || seed === null)
    throw new UsageError(`--seed: expected an object with users, rooms and the like in ${file}`)
  return seed // its form is checked when the server is created
}

function contentOf(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
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
  'tls.cert': '--tls-cert',
  'tls.key': '--tls-key',
}

/** What is wrong with an option, said of the flag. */
export function asUsage(error: unknown): unknown {
  if (!(error instanceof ServerOptionError)) return error
  const message = error.message
    .replaceAll(
      /\b(?:adminToken|publicUrl|tokenLifetime|allowPrivate|tls\.cert|tls\.key)\b/g,
      (name) => flagOf[name] ?? name,
    )
    .replaceAll(/(?<=^|: |; )(?=(?:seed|data|host)\b)/g, '--')
  return new UsageError(message)
}

function greeting(server: HipChatServer, given: Given): string[] {
  const pending = server.redirects().filter(({ reason }) => reason === 'installed')
  return [
    `HipChat-compatible server  ${server.url}`,
    `API                        ${server.apiUrl}`,
    `Administrator's token      ${given.adminToken ? '(as given)' : server.adminToken}`,
    `State                      ${given.data ?? 'temporary: gone when the server stops'}`,
    ...(given.seed !== undefined && !server.seeded
      ? [`Seed                       not applied: ${given.data} holds a group already`]
      : []),
    ...pending.map(({ url }) => `To complete in a browser   ${url}`),
    ...(server.url.startsWith('http:') && !isLocal(given, server)
      ? ['Warning                    plain http: tokens and messages can be read on their way']
      : []),
  ]
}

const isLocal = ({ host }: Given, { url }: HipChatServer): boolean =>
  [host, hostOf(new URL(url))].every(isLoopbackHost)

function stopOnSignal(server: HipChatServer): void {
  let closing = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (closing) return
      closing = true
      server.close().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error)
          process.exit(1)
        },
      )
    })
}

export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}`)
    return value
  }

function yesOrNo(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new InvalidArgumentError('expected true or false')
}
