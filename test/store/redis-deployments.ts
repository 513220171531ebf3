import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { freePort } from '../ports.ts'
import { ask, started, startRedis, stopRedis } from './redis-server.ts'

/** One server of several. */
export interface Member {
  readonly port: number
  child: ChildProcess
}

/** Several servers that belong together; all stopped, and their files removed, by `stop`. */
interface Deployment {
  readonly url: string
  stop(): Promise<void>
}

export interface Cluster extends Deployment {
  readonly masters: readonly [Member, Member, Member]
  /** Replica of the first master. */
  readonly replica: Member
  /** A master without slots. */
  readonly spare: Member
  restart(member: Member): Promise<void>
  ask(member: Member, ...command: string[]): Promise<unknown>
  /** Id of a server within the cluster. */
  idOf(member: Member): Promise<string>
}

export interface Watched extends Deployment {
  readonly sentinels: readonly Member[]
  /** The server that the sentinels name as master. */
  master(): Promise<Member>
  replica(): Promise<Member>
  /** Waits until all sentinels name the same master: after a failover some of them learn of it later. */
  agreed(): Promise<void>
  restart(member: Member): Promise<void>
  ask(member: Member, ...command: string[]): Promise<unknown>
  askSentinel(...command: string[]): Promise<unknown>
  /** Sets after how long without an answer, in milliseconds, the sentinels replace the master. At first 2,000. */
  replaceAfter(milliseconds: number): Promise<void>
}

/** Of all servers. */
export const password = 'p@ss, word/1'
const userinfo = `:${encodeURIComponent(password)}@`
const waiting = { timeout: 20_000, interval: 50 }

/** Servers that share a password and a folder for their files. */
function createMembers(name: string, settings: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), `hipchat-addon-${name}-`))
  const members: Member[] = []
  const own = new Map<number, readonly string[]>()
  const start = (port: number): Promise<ChildProcess> =>
    startRedis(
      port,
      ...['--requirepass', password, '--masterauth', password, '--dir', folder],
      ...['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'],
      ...['--dbfilename', `${port}.rdb`, ...settings, ...(own.get(port) ?? [])],
    )
  return {
    folder,
    async add(
      more: (port: number) => Promise<readonly string[]> | readonly string[] = () => [],
    ): Promise<Member> {
      const port = await freePort()
      own.set(port, await more(port))
      const member = { port, child: await start(port) }
      members.push(member)
      return member
    },
    async restart(member: Member): Promise<void> {
      member.child = await start(member.port)
    },
    ask: ({ port }: Member, ...command: string[]): Promise<unknown> => ask(port, command, password),
    async stop(): Promise<void> {
      await Promise.all(members.map(({ child }) => stopRedis(child)))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Three masters with a third of the slots each, the first with a replica; the others go on when one is away. */
export async function startCluster(): Promise<Cluster> {
  const servers = createMembers('cluster', [
    ...[
      '--cluster-enabled',
      'yes',
      '--cluster-node-timeout',
      '1000',
      '--cluster-replica-validity-factor',
      '0',
    ],
    ...['--cluster-require-full-coverage', 'no'],
  ])
  // Redis adds 10,000 to its port for the other servers, which not every free port leaves room for.
  const add = () =>
    servers.add(async (port) => [
      ...['--cluster-port', `${await freePort()}`, '--cluster-config-file', `${port}.conf`],
    ])
  const idOf = async (member: Member): Promise<string> => String(await servers.ask(member, 'CLUSTER', 'MYID'))
  try {
    const masters = [await add(), await add(), await add()] as const
    const replica = await add()
    const spare = await add()
    const all = [...masters, replica, spare]
    const [first] = masters
    const ranges = [
      [0, 5460],
      [5461, 10922],
      [10923, 16383],
    ]
    for (const [index, master] of masters.entries())
      await servers.ask(master, 'CLUSTER', 'ADDSLOTSRANGE', ...(ranges[index] ?? []).map(String))
    for (const member of all)
      for (const other of all) {
        if (other === member) continue
        const bus = await servers.ask(other, 'CONFIG', 'GET', 'cluster-port')
        await servers.ask(
          member,
          'CLUSTER',
          'MEET',
          '127.0.0.1',
          `${other.port}`,
          String((bus as string[])[1]),
        )
      }
    const id = await idOf(first)
    await vi.waitFor(() => servers.ask(replica, 'CLUSTER', 'REPLICATE', id), waiting)
    for (const member of all)
      await vi.waitFor(async () => {
        expect(await servers.ask(member, 'CLUSTER', 'INFO')).toContain('cluster_state:ok')
        expect(await servers.ask(member, 'CLUSTER', 'INFO')).toContain('cluster_known_nodes:5')
        const known = (await servers.ask(member, 'CLUSTER', 'SLOTS')) as unknown[][]
        expect(known.map(({ length }) => length).toSorted()).toEqual([3, 3, 4])
      }, waiting)
    await vi.waitFor(
      async () =>
        expect(await servers.ask(replica, 'INFO', 'replication')).toContain('master_link_status:up'),
      waiting,
    )
    return {
      url: `redis+cluster://${userinfo}${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
      masters,
      replica,
      spare,
      idOf,
      restart: servers.restart,
      ask: servers.ask,
      stop: servers.stop,
    }
  } catch (error) {
    await servers.stop()
    throw error
  }
}

/** A master with a replica, watched by three sentinels that want a password of their own. */
export async function startWatched(): Promise<Watched> {
  const servers = createMembers('sentinel', [])
  const sentinels: Member[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(sentinels.map(({ child }) => stopRedis(child)))
    await servers.stop()
  }
  try {
    const first = await servers.add()
    const second = await servers.add(() => ['--replicaof', `127.0.0.1 ${first.port}`])
    await vi.waitFor(
      async () => expect(await servers.ask(second, 'INFO', 'replication')).toContain('master_link_status:up'),
      waiting,
    )
    for (let number = 0; number < 3; number++) {
      const port = await freePort()
      const file = join(servers.folder, `sentinel-${port}.conf`)
      writeFileSync(
        file,
        `port ${port}
bind 127.0.0.1
dir "${servers.folder}"
requirepass "for sentinels"
sentinel sentinel-pass "for sentinels"
sentinel monitor mymaster 127.0.0.1 ${first.port} 2
sentinel auth-pass mymaster "${password}"
sentinel down-after-milliseconds mymaster 2000
sentinel failover-timeout mymaster 3000
`,
      )
      const child = spawn('redis-server', [file, '--sentinel'], { stdio: 'ignore' })
      sentinels.push({ port, child })
      await started(child, port)
    }
    const running = () => sentinels.find(({ child }) => child.exitCode === null && child.signalCode === null)
    const askSentinel = async (...command: string[]): Promise<unknown> =>
      ask(running()?.port ?? 0, ['SENTINEL', ...command], 'for sentinels')
    const master = async (): Promise<Member> => {
      const [, port] = (await askSentinel('GET-MASTER-ADDR-BY-NAME', 'mymaster')) as string[]
      return Number(port) === first.port ? first : second
    }
    const agreed = (): Promise<void> =>
      vi.waitFor(async () => {
        const named = await Promise.all(
          sentinels.map(({ port }) =>
            ask(port, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster'], 'for sentinels'),
          ),
        )
        expect(new Set(named.map(String)).size).toBe(1)
      }, waiting)
    // A failover needs sentinels that know of each other and of the replica.
    await vi.waitFor(async () => {
      const state = (await askSentinel('MASTER', 'mymaster')) as string[]
      expect(state[state.indexOf('num-other-sentinels') + 1]).toBe('2')
      expect(state[state.indexOf('num-slaves') + 1]).toBe('1')
    }, waiting)
    const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')
    return {
      url: `redis+sentinel://${userinfo}${hosts}/mymaster?sentinelPassword=for%20sentinels`,
      sentinels,
      master,
      replica: async () => ((await master()) === first ? second : first),
      agreed,
      restart: servers.restart,
      ask: servers.ask,
      askSentinel,
      async replaceAfter(milliseconds) {
        const setting = ['SENTINEL', 'SET', 'mymaster', 'down-after-milliseconds', String(milliseconds)]
        await Promise.all(sentinels.map(({ port }) => ask(port, setting, 'for sentinels')))
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
