import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** The Redis the contract suite runs against; `REDIS_URL` names another one. */
export const sharedUrl = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379'

/** Whether something accepts connections there. */
export async function reachable(port: number, host = '127.0.0.1'): Promise<boolean> {
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

export function hasRedisServer(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** A Redis of one's own, in memory only, to stop and to start again. */
export async function startRedis(port: number, ...settings: string[]): Promise<ChildProcess> {
  const child = spawn(
    'redis-server',
    ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', ...settings],
    {
      stdio: 'ignore',
    },
  )
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
