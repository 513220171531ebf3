import { withDeadline } from '../../common/time-limit.ts'
import { connectRedis, type RedisConnection } from './connection.ts'
import { firstOf } from './lazy-connection.ts'
import type { RedisTimeouts } from './routing.ts'
import { nameOf, type RedisAddress, type RedisUrl } from './url.ts'

/**
 * Connects to the master of a service: asks all sentinels for it, and takes the first server whose own role is master.
 * Sentinels that are cut off from the others name the old master for a while.
 *
 * The sentinel client of `@redis/client` is not used: commands wait for the failover, for five seconds when measured
 * (`docs/explanation/dependencies.md`), and it writes to the console.
 */
export async function connectMaster(url: RedisUrl, { connect }: RedisTimeouts): Promise<RedisConnection> {
  // If several sentinels name the same server, only the first answer opens a connection.
  const candidates = new Map<string, Promise<RedisConnection>>()

  async function byWordOf(sentinel: RedisAddress): Promise<RedisConnection> {
    const master = await askSentinel(sentinel)
    const name = nameOf(master)
    let candidate = candidates.get(name)
    if (!candidate) {
      candidate = connectTo(master)
      candidates.set(name, candidate)
    }
    return candidate
  }

  async function askSentinel(sentinel: RedisAddress): Promise<RedisAddress> {
    const connection = await connectRedis({ ...sentinel, ...url.sentinelLogin, timeout: connect })
    try {
      const asked = connection.client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', url.service])
      const answer = await withDeadline(connect, asked)
      if (!Array.isArray(answer))
        throw new Error(`the sentinel ${nameOf(sentinel)} knows no master ${url.service}`)
      const [host, port] = answer
      return { host: String(host), port: Number(port) }
    } finally {
      connection.drop()
    }
  }

  async function connectTo(master: RedisAddress): Promise<RedisConnection> {
    const connection = await connectRedis({ ...master, ...url.login, timeout: connect })
    try {
      const role = await withDeadline(connect, connection.client.sendCommand(['ROLE']))
      if (!Array.isArray(role) || role[0] !== 'master')
        throw new Error(`${nameOf(master)} is named as the master but is not one: a failover is in progress`)
      return connection
    } catch (error) {
      connection.drop()
      throw error
    }
  }

  const chosen = await firstOf(url.hosts.map(byWordOf))
  for (const candidate of candidates.values())
    candidate.then((connection) => connection === chosen || connection.drop()).catch(() => {})
  return chosen
}
