import { type Command, Option } from 'commander'
import { type Operation, type Parameters, parameterNames, type ResultOf } from '../api/operation.ts'
import { createPersonalClient } from '../client/personal.ts'
import { exchange, parseJson } from '../common/http.ts'
import { read } from '../common/tolerant-reading.ts'
import { ConfigurationError } from '../errors.ts'
import { administration } from '../server/admin/routes.ts'
import { anywhere } from './descriptor-source.ts'
import { UsageError } from './usage.ts'

/** The options of every command that calls a server. */
export interface Connection {
  /** Address of the server. */
  readonly server: string
  /** Access token for the calls. */
  readonly token?: string
  /** Whether to print the result as JSON. */
  readonly json?: boolean
}

const timeout = 30_000

/** Adds the options of {@link Connection} to a command. `whose` names the owner of the token that it needs. */
export const onServer = (
  command: Command,
  whose = 'an administrator, or of the owner of the room',
): Command =>
  command
    .addOption(
      new Option('--server <url>', 'address of the server')
        .env('HIPCHAT_SERVER')
        .default('http://127.0.0.1:8080'),
    )
    .addOption(new Option('--token <token>', `access token of ${whose}`).env('HIPCHAT_TOKEN'))
    .addOption(new Option('--json', 'print the result as JSON'))

/** A client of HipChat's API for the owner of the token. */
export function clientFor(given: Connection) {
  const { base, token } = checked(given)
  try {
    return createPersonalClient({ apiUrl: `${base}/v2`, token, timeout })
  } catch (error) {
    if (error instanceof ConfigurationError) throw new UsageError(error.message)
    throw error
  }
}

function checked({ server, token }: Connection): { base: string; token: string } {
  if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol))
    throw new UsageError(`--server: expected an http or https address, got ${server}`)
  if (!token) throw new UsageError('--token: expected an access token, here or in HIPCHAT_TOKEN')
  return { base: server.replace(/\/+(?:v2\/*)?$/, ''), token }
}

type Table = typeof administration

/**
 * Calls one operation of a compatible server's administration, which is not part of HipChat's API. If the server refuses, it
 * throws an error with the server's message.
 */
export async function administer<Id extends keyof Table>(
  given: Connection,
  id: Id,
  parameters: Parameters<Table[Id]>,
): Promise<ResultOf<Table[Id]>> {
  const { base, token } = checked(given)
  const operation: Operation = administration[id]
  const { url, rest } = addressOf(`${base}/admin`, operation, parameters)
  const answer = await exchange({
    method: operation.method,
    url,
    outbound: anywhere,
    timeout: 2 * timeout, // the server may wait for an add-on
    maxBytes: 64 * 1024 * 1024, // deliveries contain their bodies
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(operation.body ? { body: JSON.stringify(rest) } : {}),
  })
  const body = parseJson(answer.body)
  if (answer.status >= 300) throw new Error(refusalOf(id, answer.status, body, base))
  if (operation.result.kind !== 'json') return undefined as ResultOf<Table[Id]> // its kind in the table
  const result = read(operation.result.schema, body)
  if (!result.ok)
    throw new Error(`${base} answered ${id} with something unexpected: ${result.problem.message}`)
  return result.value as ResultOf<Table[Id]> // read with the schema of this operation
}

/** The address of a call, and the other parameters for its body. */
function addressOf(base: string, { path, query = {} }: Operation, parameters: object) {
  const rest = new Map<string, unknown>(Object.entries(parameters))
  let filled: string = path
  for (const name of parameterNames(path)) {
    filled = filled.replace(`{${name}}`, encodeURIComponent(String(rest.get(name))))
    rest.delete(name)
  }
  const url = new URL(base + filled)
  for (const name of Object.keys(query)) {
    if (rest.get(name) !== undefined) url.searchParams.set(name, String(rest.get(name)))
    rest.delete(name)
  }
  return { url: url.href, rest: Object.fromEntries(rest) }
}

function refusalOf(id: string, status: number, body: unknown, base: string): string {
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
  const said =
    typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : undefined
  if (said === undefined)
    return `${id}: expected a HipChat-compatible server of this package at ${base}, got status ${status}`
  return `${id}: the server answered ${status}: ${said}`
}

/** The id and the name of a room, given either of them. */
export async function roomBy(given: Connection, name: string): Promise<{ id: number; name: string }> {
  const room = await clientFor(given).getRoom({ id_or_name: name })
  return { id: room.id, name: room.name }
}
