import { createServer } from 'node:net'
import { relative } from 'node:path'
import { Command, Option } from 'commander'
import { redactText } from '../common/redaction.ts'
import { messageOf } from '../errors.ts'
import { createHipChatServer, type HipChatServer } from '../server/index.ts'
import { activityLog } from './activity.ts'
import { createAddonProcess, findEntry, projectOf } from './addon-process.ts'
import { administer } from './connection.ts'
import { createInstallation, served, slowest } from './dev-installation.ts'
import { onKeys, openPage } from './dev-keys.ts'
import { callLine, deliveryLine, deliveryMembers, jobLine, type Report } from './dev-report.ts'
import { jobRunIn, readableLine } from './log-line.ts'
import {
  aboutServer,
  asUsage,
  type ServerFlags,
  serverFlags,
  serverOptions,
  shownToken,
  wholeNumber,
} from './server-flags.ts'
import { oneLine } from './table.ts'
import { UsageError } from './usage.ts'
import { watchSources } from './watch-sources.ts'

interface Given extends ServerFlags {
  readonly addonPort: number
  readonly descriptor: string
  readonly room?: string
  readonly json?: boolean
}

const examples = `
Examples:
  hipchat-addon dev
  hipchat-addon dev src/main.ts --room Workshop
  PORT=4000 hipchat-addon dev index.js --port 9090 --json

The add-on gets PORT and BASE_URL. Without an entry, the first of src/index.ts, src/addon.ts, index.js and main in
package.json is run. In a terminal: r sends the last delivery again, o opens the chat page, c clears, q quits.

Exit codes:
  0  ended by q, Ctrl-C or SIGTERM
  1  the server could not start
  2  wrong arguments`

/** `hipchat-addon dev`: a server with its chat page, and the add-on, which restarts when its files change. */
export function devCommand(): Command {
  return new Command('dev')
    .description('Runs an add-on with a server for it, and restarts the add-on on every change.')
    .argument('[entry]', 'the file that starts the add-on')
    .addOption(serverFlags.port)
    .addOption(
      new Option('--addon-port <number>', 'port of the add-on; 0 for any free one')
        .env('PORT')
        .default(3000)
        .argParser(wholeNumber(0, 65_535)),
    )
    .addOption(
      new Option('--descriptor <path>', "path of the add-on's descriptor").default('/atlassian-connect.json'),
    )
    .addOption(
      new Option('--room <id-or-name>', 'room to install it in').default(undefined, 'the first room'),
    )
    .addOption(serverFlags.data)
    .addOption(serverFlags.seed)
    .addOption(serverFlags.adminToken)
    .addOption(new Option('--json', 'print one JSON document for each event'))
    .addHelpText('after', examples)
    .action(run)
}

async function run(named: string | undefined, given: Given): Promise<void> {
  const entry = findEntry(named, process.cwd())
  const report: Report = given.json
    ? (event, members) => console.log(JSON.stringify({ at: new Date().toISOString(), event, ...members }))
    : (_, __, text) => console.log(text)
  const timed: Report = (event, members, text) =>
    report(event, members, `${new Date().toTimeString().slice(0, 8)}  ${oneLine(text)}`)

  let quitting = false
  const port = await freePort(given.addonPort)
  const baseUrl = `http://localhost:${port}`
  let turn = new AbortController()
  const addon = createAddonProcess({
    entry,
    env: { PORT: String(port), BASE_URL: baseUrl },
    printed(stream, line) {
      const ran = jobRunIn(line)
      if (ran) return timed('job', ran, jobLine(ran))
      const text = readableLine(line)
      if (given.json || text !== undefined) report('log', { stream, line }, text ?? line)
    },
    ended(reason) {
      turn.abort()
      if (quitting) return // outside of the key mode, Ctrl-C reaches the add-on too
      timed('ended', { reason }, `The add-on ended ${reason}; it starts again when a file changes`)
    },
  })
  const server = createServerFor(given, (...happened) => {
    if (!quitting) timed(...happened)
  })
  await server.listen().catch((error: unknown) => {
    throw asUsage(error)
  })
  await checkRoom(given.room, server)
  const connection = { server: server.url, token: server.adminToken }

  const installation = createInstallation(server, given.room, timed)

  /** Starts the add-on, and installs or updates it. */
  async function begin(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    await addon.restart()
    const url = new URL(given.descriptor, baseUrl).href
    const text = await served(url, signal)
    if (signal.aborted) return
    if (text === undefined)
      return timed(
        'problem',
        { text: `no descriptor at ${url}` },
        `The add-on served no descriptor at ${url} within ${slowest / 1000} seconds (--descriptor sets its path)`,
      )
    await installation.bring(url, text)
    if (!quitting) addon.prepare()
  }

  let work = Promise.resolve()
  function again(): void {
    turn.abort()
    turn = new AbortController()
    const { signal } = turn
    work = work.then(() => begin(signal)).catch((error: unknown) => problem(messageOf(error)))
  }
  const problem = (text: string): void => {
    const safe = redactText(text)
    timed('problem', { text: safe }, safe)
  }

  const project = projectOf(entry, process.cwd())
  const unwatch = watchSources(
    project,
    (file) => {
      const changed = relative(project, file)
      timed('changed', { file: changed }, `${changed} changed`)
      again()
    },
    (error) => problem(`A folder cannot be watched: ${messageOf(error)}`),
  )

  const hasKeys = !given.json && process.stdin.isTTY && process.stdout.isTTY
  const quit = once(async () => {
    quitting = true
    unwatch()
    turn.abort()
    if (hasKeys) process.stdin.setRawMode(false)
    // The server's state is temporary, but the add-on's store is not: so the installation is removed from it.
    if (given.data === undefined && addon.isRunning()) await installation.remove()
    await addon.stop()
    await work
    await addon.stop() // in case it was just starting
    await server.close()
    process.exit(0)
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, quit)
  if (hasKeys)
    onKeys({
      r: () => resend(server, connection, problem),
      o: async () => openPage(server.url, problem),
      c: async () => console.clear(),
      q: quit,
      '\u0003': quit, // Ctrl-C: in this mode the terminal sends it as a character
    })
  report(
    'started',
    {
      page: server.url,
      apiUrl: server.apiUrl,
      adminToken: shownToken(server, given),
      addon: baseUrl,
      entry,
    },
    [
      `Chat page                  ${server.url}`,
      `API                        ${server.apiUrl}`,
      ...aboutServer(server, given),
      `Add-on                     ${baseUrl}  ${relative(process.cwd(), entry)}`,
      ...(hasKeys
        ? ['Keys                       r send the last delivery again, o open the page, c clear, q quit']
        : []),
    ].join('\n'),
  )
  again()
}

/** A free port. It is checked before the add-on starts, since another program on it would be mistaken for the add-on. */
function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', () =>
      reject(
        new Error(`the add-on cannot listen on port ${wanted}: it is in use (--addon-port sets another)`),
      ),
    )
    probe.listen(wanted, () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : wanted))
    })
  })
}

function createServerFor(given: Given, report: Report): HipChatServer {
  try {
    const server: HipChatServer = createHipChatServer({
      ...serverOptions(given),
      log: activityLog(() => server, {
        delivery: (delivery) => report('delivery', deliveryMembers(delivery), deliveryLine(delivery)),
        call: (call) => report('call', call, callLine(call)),
        problem: (text) => report('problem', { text }, text),
      }),
    })
    return server
  } catch (error) {
    throw asUsage(error)
  }
}

/** Checks before the add-on starts that the room exists. */
async function checkRoom(name: string | undefined, server: HipChatServer): Promise<void> {
  try {
    if (name !== undefined) server.room(name)
  } catch {
    const names = server.rooms().map((room) => room.name)
    await server.close()
    throw new UsageError(`--room: expected one of ${names.join(', ')}; got ${name}`)
  }
}

async function resend(
  server: HipChatServer,
  connection: { server: string; token: string },
  problem: (text: string) => void,
): Promise<void> {
  const last = server.deliveries().at(-1)
  if (!last) return problem('There was no delivery yet')
  // The result is reported like that of any other delivery.
  await administer(connection, 'redeliver', { id: last.id })
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}
