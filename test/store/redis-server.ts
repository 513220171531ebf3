import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '@keyv/redis'
import type { TestContext } from 'vitest'

/** Time limits for tests that are about something else: a Redis that waits for a busy core has not gone away. */
export const patient = { connectTimeout: 10_000, commandTimeout: 10_000 }

/** The Redis the contract suite runs against; `REDIS_URL` names another one. */
export const sharedUrl = process.env['REDIS_URL'] || 'redis://127.0.0.1:6379'

/** Whether something accepts connections there. */
async function reachable(port: number, host = '127.0.0.1'): Promise<boolean> {
  const socket = connect(port, host)
  const [answer] = await Promise.race([
    once(socket, 'connect').then(() => [true]),
    once(socket, 'error').then(
      () => [false],
      () => [false],
    ),
  ]).catch(() => [false])
  socket.destroy()
  return answer === true
}

function runs(command: string, argument: string): boolean {
  try {
    execFileSync(command, [argument], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const shared = new URL(sharedUrl)

/** What a machine may lack, and what to do about it. */
const parts = {
  redis: {
    present: await reachable(Number(shared.port || 6379), shared.hostname),
    note: `everything over Redis, since nothing answers at ${shared.host}. To enable it: redis-server`,
  },
  'redis-server': {
    present: runs('redis-server', '--version'),
    note: 'Redis going away and coming back, since there is no redis-server. To enable it: apt-get install redis-server',
  },
  openssl: {
    present: runs('openssl', 'version'),
    note: 'everything over TLS, since there is no openssl to make a certificate with. To enable it: apt-get install openssl',
  },
} as const

/**
 * For tests that need one of these: without it they skip themselves with a note that is printed at the end of the run,
 * and with CI=true they run and fail.
 */
export const needs =
  (part: keyof typeof parts) =>
  ({ skip }: Pick<TestContext, 'skip'>): void => {
    const { present, note } = parts[part]
    if (!present && process.env['CI'] !== 'true') skip(note)
  }

/** A Redis of one's own, in memory only unless the settings say more, to stop and to start again. */
export async function startRedis(port: number, ...settings: string[]): Promise<ChildProcess> {
  const common = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', tmpdir()]
  return started(spawn('redis-server', [...common, ...settings], { stdio: 'ignore' }), port)
}

/** Resolves when it accepts connections. */
export async function started(child: ChildProcess, port: number): Promise<ChildProcess> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await reachable(port)) return child
    await delay(25)
  }
  child.kill('SIGKILL')
  throw new Error(`redis-server did not start on port ${port}`)
}

export async function stopRedis(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** What a Redis answers to one command; over TLS if its authority is given. */
export async function ask(
  port: number,
  command: readonly string[],
  password?: string,
  ca?: string,
): Promise<unknown> {
  const client = createClient({
    ...(password === undefined ? {} : { password }),
    socket: { host: '127.0.0.1', port, reconnectStrategy: false, ...(ca ? { tls: true, ca } : {}) },
  })
  client.on('error', () => {}) // rejects as well
  await client.connect()
  try {
    return await client.sendCommand([...command])
  } finally {
    client.destroy()
  }
}
