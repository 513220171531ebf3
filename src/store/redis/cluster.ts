import slotOf from 'cluster-key-slot'
import { messageOf } from '../../errors.ts'
import { within } from '../deadline.ts'
import { connectRedis, type RedisConnection } from './connection.ts'
import { type Command, createLine, execute, firstOf, RedisFailure, type RedisLine } from './line.ts'
import type { RedisRouting, RedisTimeouts } from './routing.ts'
import { nameOf, type RedisAddress, type RedisUrl } from './url.ts'

/** Master of each slot, by the name of its address. */
type Slots = readonly (string | undefined)[]

const slotCount = 16_384

/** Slots move one after the other, so that a command meets one that moves twice at most, but for odd timing. */
const redirections = 5

/**
 * Finds the master of a key's slot, with a line of its own for each: a server that is away fails the commands about its
 * keys only. The map of slots is asked for by the first command, and again after anything that may have changed it.
 *
 * The cluster client of `@redis/client` is not used: without its reconnecting and queueing, which would have callers
 * wait for a server that is away, it never uses a server again that it once lost.
 */
export function createClusterRouting(url: RedisUrl, timeouts: RedisTimeouts): RedisRouting {
  const addresses = new Map<string, RedisAddress>(url.hosts.map((address) => [nameOf(address), address]))
  const lines = new Map<string, RedisLine>()
  let slots: Slots | undefined
  let loading: Promise<Slots> | undefined
  let closed = false

  function lineTo(address: RedisAddress): RedisLine {
    if (closed) throw new RedisFailure('went away', 'it is not used any more')
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
    const ranges = await within(timeouts.command, client.clusterSlots(), drop)
    if (ranges.length === 0) throw new Error(`${nameOf(address)} knows no servers of the cluster`)
    return ranges.map(({ from, to, master }) => ({
      from,
      to,
      // A server that does not know its own name gives none: it is the one that was asked.
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

  /** Where a command has to go instead, if that is what the server said. */
  function redirection(
    error: unknown,
    from: RedisAddress,
  ): { to: RedisAddress; asking: boolean } | undefined {
    const [, kind, host, port] = /^(MOVED|ASK) \d+ (.*):(\d+)$/.exec(messageOf(error)) ?? []
    if (kind === undefined) return undefined
    return { to: { host: host || from.host, port: Number(port) }, asking: kind === 'ASK' }
  }

  /** What a failure says about the map of slots: anything but a refusal of the command itself may mean a new one. */
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
      slots = undefined // of a server that is new nobody may have heard yet
      const map = await current()
      if (map.includes(undefined))
        throw new RedisFailure('refused', 'a part of the slots has no server in the cluster')
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

/** The two are sent in one go: what other callers send comes before or after both. */
const afterAsking =
  <T>(command: Command<T>): Command<T> =>
  async (client) => {
    const asked = client.sendCommand(['ASKING'])
    const [answer] = await Promise.all([command(client), asked])
    return answer
  }
