import slotOf from 'cluster-key-slot'
import { withDeadline } from '../../common/time-limit.ts'
import { messageOf } from '../../errors.ts'
import { connectRedis, type RedisConnection } from './connection.ts'
import {
  type Command,
  createLine,
  execute,
  firstOf,
  RedisFailure,
  type RedisLine,
} from './lazy-connection.ts'
import type { RedisRouting, RedisTimeouts } from './routing.ts'
import { nameOf, type RedisAddress, type RedisUrl } from './url.ts'

/** The master of each slot, by the name of its address. */
type Slots = readonly (string | undefined)[]

const slotCount = 16_384

/** Slots move one after the other, so a command rarely has to follow more than two redirections. */
const redirections = 5

/**
 * Routes commands to the master of their key's slot, with a separate line for each master: if a server is unavailable,
 * only commands for its keys fail. The first command loads the map of slots, and so does the next one after any failure
 * that may have changed it.
 *
 * The cluster client of `@redis/client` is not used: a command waits for as long as its server does not answer, and
 * without reconnecting it never uses a lost server again. `docs/explanation/dependencies.md` has measurements.
 */
export function createClusterRouting(url: RedisUrl, timeouts: RedisTimeouts): RedisRouting {
  const addresses = new Map<string, RedisAddress>(url.hosts.map((address) => [nameOf(address), address]))
  const lines = new Map<string, RedisLine>()
  let slots: Slots | undefined
  let loading: Promise<Slots> | undefined
  let closed = false

  function lineTo(address: RedisAddress): RedisLine {
    if (closed) throw new RedisFailure('went away', 'it is no longer used')
    const name = nameOf(address)
    let line = lines.get(name)
    if (!line) {
      line = createLine(() => connectRedis({ ...address, ...url.login, timeout: timeouts.connect }))
      lines.set(name, line)
      addresses.set(name, address)
    }
    return line
  }

  const connectionTo = async (address: RedisAddress): Promise<RedisConnection> => lineTo(address).connected()

  async function load(): Promise<Slots> {
    const known = [...lines.keys(), ...url.hosts.map(nameOf)].map((name) => addresses.get(name))
    const asked = new Set(known.filter((address) => address !== undefined))
    const answer = await firstOf([...asked].map(ask)).catch((error: unknown) => {
      throw new RedisFailure('cannot be reached', error)
    })
    const map = Array<string | undefined>(slotCount).fill(undefined)
    const masters = new Set<string>()
    for (const { from, to, address } of answer) {
      const name = nameOf(address)
      masters.add(name)
      addresses.set(name, address)
      for (let slot = from; slot <= to; slot++) map[slot] = name
    }
    for (const [name, line] of lines) {
      if (masters.has(name)) continue
      lines.delete(name)
      void line.close(timeouts.command)
    }
    return map
  }

  async function ask(address: RedisAddress) {
    const { client, drop } = await connectionTo(address)
    const ranges = await withDeadline(timeouts.command, client.clusterSlots(), drop)
    if (ranges.length === 0) throw new Error(`${nameOf(address)} knows no servers of the cluster`)
    return ranges.map(({ from, to, master }) => ({
      from,
      to,
      // A server that does not know its own name leaves it out; then it is the server that was asked.
      address: { host: master.host || address.host, port: master.port },
    }))
  }

  async function current(): Promise<Slots> {
    if (slots) return slots
    loading ??= load()
      .then((map) => {
        slots = map
        return map
      })
      .finally(() => {
        loading = undefined
      })
    return loading
  }

  async function masterOf(key: string): Promise<RedisAddress> {
    const name = (await current())[slotOf(key)]
    const address = name === undefined ? undefined : addresses.get(name)
    if (address) return address
    slots = undefined
    throw new RedisFailure('refused', 'no server of the cluster has the slot of this key')
  }

  /** The server to which a command is redirected; `undefined` if the error is not a redirection. */
  function redirection(
    error: unknown,
    from: RedisAddress,
  ): { to: RedisAddress; asking: boolean } | undefined {
    const [, kind, host, port] = /^(MOVED|ASK) \d+ (.*):(\d+)$/.exec(messageOf(error)) ?? []
    if (kind === undefined) return undefined
    return { to: { host: host || from.host, port: Number(port) }, asking: kind === 'ASK' }
  }

  /** Forgets the map of slots after a failure, unless the server only refused the command itself. */
  function noteFailure(error: unknown): void {
    const refused = error instanceof RedisFailure && error.what === 'refused'
    if (!refused || /^(MOVED|CLUSTERDOWN|READONLY)\b/.test(messageOf(error))) slots = undefined
  }

  return {
    async run(key, command) {
      let address = await masterOf(key)
      let asking = false
      for (let attempt = 0; ; attempt++) {
        try {
          const sent = asking ? afterAsking(command) : command
          return await execute(await connectionTo(address), sent, timeouts.command)
        } catch (error) {
          noteFailure(error)
          const next = attempt < redirections ? redirection(error, address) : undefined
          if (!next) throw error
          address = next.to
          asking = next.asking
        }
      }
    },
    async servers() {
      slots = undefined // there may be a new server
      const map = await current()
      if (map.includes(undefined))
        throw new RedisFailure('refused', 'some slots have no server in the cluster')
      const names = new Set(map.filter((name) => name !== undefined))
      return Promise.all(
        [...names].map(async (name) => {
          const address = addresses.get(name)
          if (!address) throw new RedisFailure('refused', `no server of the cluster is ${name}`)
          try {
            const connection = await connectionTo(address)
            return {
              run: <T>(command: Command<T>) =>
                execute(connection, command, timeouts.command).catch((error: unknown) => {
                  noteFailure(error)
                  throw error
                }),
              has: (key: string) => map[slotOf(key)] === name,
            }
          } catch (error) {
            noteFailure(error)
            throw error
          }
        }),
      )
    },
    async close() {
      closed = true
      await Promise.all([...lines.values()].map((line) => line.close(timeouts.command)))
    },
  }
}

/** Sends both at once, so that commands of other callers come before or after both. */
const afterAsking =
  <T>(command: Command<T>): Command<T> =>
  async (client) => {
    const asked = client.sendCommand(['ASKING'])
    const [answer] = await Promise.all([command(client), asked])
    return answer
  }
