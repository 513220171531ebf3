import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import type { TestContext } from 'vitest'
import type { PostgresStoreOptions } from '../../src/store/postgres/postgres.ts'
import { freePort } from '../ports.ts'

/** Time limits for tests that are about something else: a server that waits for a busy core has not gone away. */
export const patient = {
  connectTimeout: 10_000,
  commandTimeout: 10_000,
} as const satisfies PostgresStoreOptions

/** The server the contract suite runs on, in databases of its own; `POSTGRES_URL` names another one. */
const sharedUrl = process.env['POSTGRES_URL'] || 'postgres://postgres@127.0.0.1:5432/postgres'

/** Rows that a server answers with. */
export async function ask(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new Client(url)
  client.on('error', () => {}) // rejects as well
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

/** The folder of `initdb` and `postgres`, which Debian does not have in `PATH`. */
function programs(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(':'),
  ]
  return folders.find((folder) => existsSync(join(folder, 'initdb')))
}

const bin = programs()

const reachable = (url: string): Promise<boolean> =>
  ask(url, 'select 1').then(
    () => true,
    () => false,
  )

/** What a machine may lack, and what to do about it. */
const parts = {
  postgres: {
    present: await reachable(sharedUrl),
    note: 'everything over PostgreSQL, since none can be used at 127.0.0.1:5432. To enable it: apt-get install postgresql, or set POSTGRES_URL',
  },
  'postgres-server': {
    present: bin !== undefined,
    note: 'PostgreSQL going away and coming back, since there is no initdb. To enable it: apt-get install postgresql',
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

/** A new database on the shared server. */
export async function createDatabase() {
  const name = `hipchat_addon_test_${randomUUID().replaceAll('-', '')}`
  await ask(sharedUrl, `create database ${name}`)
  const url = new URL(sharedUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    ask: (sql: string) => ask(url.href, sql),
    /** Makes all holders of work look as if they were on another machine. */
    moveHolders: () =>
      ask(
        url.href,
        `update hipchat_addon_holders set process = '{"pid":1,"began":"1","boot":"other","container":null}'`,
      ),
    /** Removes everything in it. */
    empty: () => ask(url.href, 'drop schema public cascade; create schema public'),
    remove: () => ask(sharedUrl, `drop database if exists ${name} with (force)`),
  }
}

export const password = 'p@ss word/1'

/** The user that the server's processes belong to: it refuses to be root. */
function owner(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (flag: string): number =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }).trim())
  return { uid: idOf('-u'), gid: idOf('-g') }
}

/**
 * A server of one's own that requires a password, to stop and to start again. `start` takes settings such as
 * `default_transaction_read_only=on`.
 */
export async function createServer() {
  if (bin === undefined) throw new Error('there is no initdb')
  const user = owner()
  const folder = mkdtempSync(join(tmpdir(), 'hipchat-addon-postgres-'))
  const secret = join(folder, 'password')
  const data = join(folder, 'data')
  writeFileSync(secret, password)
  for (const path of user ? [folder, secret] : []) chownSync(path, user?.uid ?? 0, user?.gid ?? 0)
  const options = ['--no-sync', '--username=addon', '--auth=scram-sha-256', `--pwfile=${secret}`]
  execFileSync(join(bin, 'initdb'), ['-D', data, ...options], { stdio: 'ignore', cwd: folder, ...user })
  const port = await freePort()
  const url = `postgres://addon:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`
  let server: ChildProcess | undefined

  /** The server's process and those of its connections, which are not in one process group. */
  function processes(): number[] {
    const pid = server?.pid
    if (pid === undefined) return []
    const children = execFileSync('sh', ['-c', `pgrep -P ${pid} || true`], { encoding: 'utf8' })
    return [pid, ...children.trim().split('\n').filter(Boolean).map(Number)]
  }

  const signal = (name: NodeJS.Signals): void => {
    for (const pid of processes())
      try {
        process.kill(pid, name)
      } catch {
        // It has ended in the meantime.
      }
  }

  const isRunning = (): boolean =>
    server !== undefined && server.exitCode === null && server.signalCode === null

  async function start(...settings: string[]): Promise<void> {
    const all = [
      `port=${port}`,
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${folder}`,
      'fsync=off',
    ]
    const args = [...all, ...settings].flatMap((setting) => ['-c', setting])
    // It ends at once while a process of the server before it, which was killed, has not ended yet.
    for (let attempt = 0; attempt < 400; attempt++) {
      if (!isRunning())
        server = spawn(join(bin ?? '', 'postgres'), ['-D', data, ...args], {
          stdio: 'ignore',
          cwd: folder,
          ...user,
        })
      if (await reachable(url)) return
      await delay(50)
    }
    server?.kill('SIGKILL')
    throw new Error(`postgres did not start on port ${port}`)
  }

  /** Ends the server at once, as a crash does. */
  async function kill(): Promise<void> {
    if (!server || !isRunning()) return
    const ended = once(server, 'exit')
    signal('SIGKILL')
    await ended
  }

  /** Ends the server and its connections in good order. */
  async function stop(): Promise<void> {
    if (!server || !isRunning()) return
    const ended = once(server, 'exit')
    server.kill('SIGINT')
    await ended
  }

  return {
    url,
    port,
    /** Folder for files that the server may read, and of its socket. */
    folder,
    name: `postgres://127.0.0.1:${port}/postgres`,
    start,
    stop,
    kill,
    signal,
    ask: (sql: string) => ask(url, sql),
    /** Makes a file the server's own. */
    own: (path: string) => user && chownSync(path, user.uid, user.gid),
    async remove(): Promise<void> {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type PostgresServer = Awaited<ReturnType<typeof createServer>>
