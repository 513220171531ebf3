import { Command, InvalidArgumentError, Option } from 'commander'
import { pino } from 'pino'
import { readLogLevel } from '../common/environment.ts'
import { hostOf, isLoopbackHost } from '../common/outbound.ts'
import { readableError } from '../common/redaction.ts'
import { createHipChatServer, type HipChatServer } from '../server/index.ts'
import {
  aboutServer,
  asUsage,
  contentOf,
  list,
  option,
  type ServerFlags,
  serverFlags,
  serverOptions,
  shownToken,
  wholeNumber,
} from './server-flags.ts'
import { UsageError } from './usage.ts'

interface Given extends ServerFlags {
  host: string
  publicUrl?: string
  compatibility: 'standard' | 'classic'
  tokenLifetime: number
  tlsCert?: string
  tlsKey?: string
  allowPrivate?: boolean
  allowHttp?: string[]
  otherUrls?: string[]
  trustedProxies?: string[]
  log: string
  json?: boolean
}

const levels = ['off', 'error', 'warn', 'info']

const examples = `
Examples:
  Try add-ons on this machine; nothing is kept:
    hipchat-addon server --port 8080 --admin-token secret

  Keep everything in a folder, and start with your own rooms:
    hipchat-addon server --data ./chat --seed seed.json

  For others, behind an https proxy:
    HIPCHAT_ADMIN_TOKEN=… hipchat-addon server --data ./chat --public-url https://chat.example.net

  For others, with its own certificate:
    HIPCHAT_ADMIN_TOKEN=… hipchat-addon server --host 0.0.0.0 --port 443 --data ./chat \\
      --public-url https://chat.example.net --tls-cert chat.pem --tls-key chat.key

  For a script, on any free port:
    hipchat-addon server --port 0 --json

An option that is not given is taken from the environment, and then from the default.

Exit codes:
  0  ended by SIGINT or SIGTERM
  1  could not start: the port or the data folder is in use
  2  wrong arguments`

/** `hipchat-addon server`: runs the compatible server until it is stopped. */
export function serverCommand(): Command {
  return new Command('server')
    .description('Runs a HipChat-compatible server.')
    .addOption(serverFlags.port)
    .addOption(option('--host <address>', 'address to listen on').default('127.0.0.1'))
    .addOption(option('--public-url <url>', 'address at which others reach it'))
    .addOption(
      option('--other-urls <urls>', 'more addresses at which it is reached, separated by commas').argParser(
        list,
      ),
    )
    .addOption(serverFlags.data)
    .addOption(serverFlags.seed)
    .addOption(serverFlags.adminToken)
    .addOption(
      option('--compatibility <form>', 'answer as in the OpenAPI document, or as HipChat did')
        .choices(['standard', 'classic'])
        .default('standard'),
    )
    .addOption(
      option('--token-lifetime <seconds>', 'lifetime of access tokens')
        .default(3600)
        .argParser(wholeNumber(1, 315_360_000)),
    )
    .addOption(option('--tls-cert <file>', 'certificate in PEM form; the server then uses https'))
    .addOption(option('--tls-key <file>', 'its private key in PEM form'))
    .addOption(
      option('--allow-private [true|false]', 'allow add-ons at private addresses and without https')
        .preset('true')
        .argParser(yesOrNo),
    )
    .addOption(
      option(
        '--allow-http <hosts>',
        'hosts of add-ons without https and at private addresses, for development',
      ).argParser(list),
    )
    .addOption(
      option(
        '--trusted-proxies <addresses>',
        'proxies in front of it, separated by commas: addresses or ranges such as 10.0.0.0/8',
      ).argParser(list),
    )
    .addOption(
      option('--log <level>', 'level of the log on stderr')
        .choices(levels)
        .default('off')
        .argParser(logLevel),
    )
    .addOption(new Option('--json', 'print its addresses as one JSON document'))
    .addHelpText('after', examples)
    .action(run)
}

async function run(given: Given): Promise<void> {
  const server = serverFrom(given)
  await server.listen().catch((error: unknown) => {
    throw asUsage(error)
  })
  stopOnSignal(server) // before the output, since a program that reads it may stop the server
  const pending = server.redirects().flatMap(({ reason, url }) => (reason === 'installed' ? [url] : []))
  if (given.json) console.log(JSON.stringify(documentOf(server, given, pending)))
  else for (const line of greeting(server, given, pending)) console.log(line)
}

function serverFrom({
  json: _,
  port,
  data,
  seed,
  adminToken,
  tlsCert,
  tlsKey,
  log,
  ...given
}: Given): HipChatServer {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError(
      '--tls-cert and --tls-key must be used together: a certificate file and its key file',
    )
  try {
    return createHipChatServer({
      ...given,
      ...serverOptions({ port, data, seed, adminToken }),
      ...(tlsCert === undefined || tlsKey === undefined
        ? {}
        : { tls: { cert: contentOf('--tls-cert', tlsCert), key: contentOf('--tls-key', tlsKey) } }),
      log: log === 'off' ? false : pino({ level: log }, pino.destination({ dest: 2, sync: true })),
    })
  } catch (error) {
    throw asUsage(error)
  }
}

const greeting = (server: HipChatServer, given: Given, pending: readonly string[]): string[] => [
  `HipChat-compatible server  ${server.url}`,
  `API                        ${server.apiUrl}`,
  ...aboutServer(server, given),
  ...pending.map((url) => `To complete in a browser   ${url}`),
  ...(isPlain(server) && !isLocal(given, server)
    ? ['Warning                    plain http: tokens and messages can be read in transit']
    : []),
  ...(given.allowHttp?.length
    ? [`Warning                    plain http to ${given.allowHttp.join(', ')}: for development only`]
    : []),
]

/** The output for programs. */
const documentOf = (server: HipChatServer, given: Given, pending: readonly string[]): object => ({
  url: server.url,
  apiUrl: server.apiUrl,
  adminToken: shownToken(server, given),
  data: given.data ?? null,
  seeded: server.seeded,
  pending,
})

const isPlain = ({ url }: HipChatServer): boolean => url.startsWith('http:')

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
          console.error(readableError(error).stack)
          process.exit(1)
        },
      )
    })
}

function logLevel(text: string): string {
  const { level, warning } = readLogLevel('--log', text, 'silent')
  const known = level === 'silent' ? 'off' : level
  if (warning === undefined && levels.includes(known)) return known
  throw new InvalidArgumentError(`Allowed choices are ${levels.join(', ')}.`)
}

function yesOrNo(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new InvalidArgumentError('expected true or false')
}
