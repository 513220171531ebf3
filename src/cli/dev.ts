import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Command, Option } from 'commander'
import { descriptor, placesOf } from '../api/descriptor.ts'
import { parseJson } from '../common/http.ts'
import { validate } from '../common/validate.ts'
import { messageOf } from '../errors.ts'
import {
  type ApiCall,
  createHipChatServer,
  type DeliveryRecord,
  type HipChatServer,
} from '../server/index.ts'
import { activityLog } from './activity.ts'
import { createAddonProcess, findEntry, projectOf } from './addon-process.ts'
import { administer } from './connection.ts'
import { readableLine } from './log-line.ts'
import { fetchDescriptor } from './reading.ts'
import {
  aboutServer,
  asUsage,
  type ServerFlags,
  serverFlags,
  serverOptions,
  shownToken,
  wholeNumber,
} from './server-flags.ts'
import { watchSources } from './sources.ts'
import { oneLine } from './table.ts'
import { UsageError } from './usage.ts'

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

The add-on gets PORT and BASE_URL. Without an entry the first of src/index.ts, src/addon.ts, index.js and main of
package.json is run. In a terminal: r sends the last delivery again, o opens the chat page, c clears, q quits.

Exit codes:
  0  ended by q, Ctrl-C or SIGTERM
  1  the server could not begin
  2  wrong arguments`

/** `hipchat-addon dev`: a server, its chat page and the add-on in it, which starts anew when its files change. */
export function devCommand(): Command {
  return new Command('dev')
    .description('Runs an add-on on a server of its own, and starts it anew on every change.')
    .argument('[entry]', 'the file that starts the add-on')
    .addOption(serverFlags.port)
    .addOption(
      new Option('--addon-port <number>', 'port of the add-on; 0 for any free one')
        .env('PORT')
        .default(3000)
        .argParser(wholeNumber(0, 65_535)),
    )
    .addOption(
      new Option('--descriptor <path>', 'where the add-on serves its descriptor').default(
        '/atlassian-connect.json',
      ),
    )
    .addOption(
      new Option('--room <id-or-name>', 'room to install it in').default(undefined, 'the first room'),
    )
    .addOption(serverFlags.data)
    .addOption(serverFlags.seed)
    .addOption(serverFlags.adminToken)
    .addOption(new Option('--json', 'print one JSON document for each thing that happens'))
    .addHelpText('after', examples)
    .action(run)
}

/** Prints one thing that happened: its text for people, its members for programs. */
type Report = (event: string, members: object, text: string) => void

const slowest = 30_000 // for an add-on to serve its descriptor
const between = 100

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
      const text = readableLine(line)
      if (given.json || text !== undefined) report('log', { stream, line }, text ?? line)
    },
    ended(reason) {
      turn.abort()
      if (quitting) return // Ctrl-C reaches it too, where the terminal is left as it is
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

  const installation = createInstallation(server, given, timed)

  /** From the start of the process until it is installed as it is now. */
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
        `The add-on served no descriptor at ${url} in ${slowest / 1000} seconds (--descriptor says where it is)`,
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
  const problem = (text: string): void => timed('problem', { text }, text)

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

  const quit = once(async () => {
    quitting = true
    unwatch()
    turn.abort()
    if (hasKeys) process.stdin.setRawMode(false)
    // The server forgets everything, so the add-on is told to forget it too: its store outlives both.
    if (given.data === undefined && addon.isRunning()) await installation.remove()
    await addon.stop()
    await work
    await addon.stop() // a start that was under way
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
      '\u0003': quit, // Ctrl-C: in this mode a terminal sends it as it is
    })
  again()
}

/** A port that nobody listens on. Asked before the add-on does: whoever has it would be taken for the add-on. */
function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', () =>
      reject(
        new Error(`the add-on cannot listen on port ${wanted}: it is taken (--addon-port names another)`),
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

/** Before the add-on starts: a room that is not there will not come. */
async function checkRoom(name: string | undefined, server: HipChatServer): Promise<void> {
  try {
    if (name !== undefined) server.room(name)
  } catch {
    const names = server.rooms().map((room) => room.name)
    await server.close()
    throw new UsageError(`--room: expected one of ${names.join(', ')}; came ${name}`)
  }
}

function deliveryMembers({ id, event, url, status, duration, error, replied, redeliveryOf }: DeliveryRecord) {
  return {
    id,
    webhook: event,
    url,
    status: status ?? null,
    duration,
    error: error ?? null,
    replied,
    redeliveryOf: redeliveryOf ?? null,
  }
}

const deliveryLine = ({ event, url, status, duration, error, replied, redeliveryOf }: DeliveryRecord) =>
  [
    String(status ?? '---'),
    `${event} -> ${url.slice(url.indexOf('/'))}`,
    `${duration} ms`,
    ...(error === undefined ? [] : [error]),
    ...(replied ? ['(the answer was posted)'] : []),
    ...(redeliveryOf === undefined ? [] : [`(delivery ${redeliveryOf} again)`]),
  ].join('  ')

const callLine = ({ operation, method, path, status, duration, error }: ApiCall) =>
  [
    String(status),
    `${operation ?? `${method} ${path}`} <-`,
    `${duration} ms`,
    ...(error === null ? [] : [error]),
  ].join('  ')

/** The descriptor once it is served; `undefined` when that takes too long, or is not waited for any more. */
async function served(url: string, signal: AbortSignal): Promise<string | undefined> {
  const end = Date.now() + slowest
  while (Date.now() < end && !signal.aborted) {
    const text = await fetchDescriptor(url).catch(() => undefined)
    if (text !== undefined) return text
    await delay(between)
  }
  return undefined
}

/** The add-on on the server: installed when its descriptor is first seen, updated when it is another. */
function createInstallation(server: HipChatServer, given: Given, report: Report) {
  let current: { readonly oauthId: string; readonly text: string } | undefined

  return {
    async bring(url: string, text: string): Promise<void> {
      if (current?.text === text)
        return report('ready', { oauthId: current.oauthId }, 'The add-on runs; its descriptor is the same')
      const checked = validate(descriptor, parseJson(text))
      const inRoom = given.room !== undefined || !checked.ok || placesOf(checked.value).room
      const room = inRoom ? server.room(given.room ?? server.rooms()[0]?.id ?? 1) : undefined
      const verb = current ? 'updated' : 'installed'
      try {
        const { oauthId, key, installedUrl } = await server.install(url, room ? { room: room.id } : {})
        current = { oauthId, text }
        const where = room ? `in ${room.name}` : 'for the whole group'
        report(
          verb,
          { key, oauthId, room: room?.name ?? null, installedUrl: installedUrl ?? null },
          `${key} is ${verb} ${where}${installedUrl ? `; to complete it open ${installedUrl} in a browser` : ''}`,
        )
      } catch (error) {
        const reason = messageOf(error)
        report('problem', { text: reason }, `The add-on was not ${verb}: ${reason}`)
      }
    },
    async remove(): Promise<void> {
      if (!current) return
      const told = server.uninstall(current.oauthId).then(() => server.idle())
      await Promise.race([told.catch(() => {}), delay(3_000, undefined, { ref: false })])
    },
  }
}

async function resend(
  server: HipChatServer,
  connection: { server: string; token: string },
  problem: (text: string) => void,
): Promise<void> {
  const last = server.deliveries().at(-1)
  if (!last) return problem('There was no delivery yet')
  // How it went is reported like any other.
  await administer(connection, 'redeliver', { id: last.id })
}

const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

function openPage(url: string, problem: (text: string) => void): void {
  const [command, ...given] = openers[process.platform] ?? ['xdg-open']
  const opener = spawn(command, [...given, url], { stdio: 'ignore', detached: true })
  opener.once('error', (error) => problem(`The page cannot be opened from here: ${error.message}`))
  opener.unref()
}

function onKeys(actions: Readonly<Record<string, () => Promise<void>>>): void {
  process.stdin.setRawMode(true)
  process.stdin.setEncoding('utf8')
  process.stdin.on('data', (keys: string) => {
    for (const key of keys) actions[key]?.().catch((error: unknown) => console.error(messageOf(error)))
  })
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= work()
    return done
  }
}
