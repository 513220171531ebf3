import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, type TestContext } from 'vitest'
import { certificate } from '../certificate.ts'
import { freePorts } from '../ports.ts'
import { started } from '../store/redis-server.ts'
import { readPage } from '../structure/markdown.ts'

/** The configurations of a proxy that the page on deploying shows, in its order. */
export const shown = (language: string): string[] =>
  [...readPage('docs/how-to/deploy.md').matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text = '']) => text)

/** The addresses of all parties: the proxy's two, and those of the processes behind it. */
export interface Ports {
  readonly addons: number
  readonly chat: number
  readonly addon: number
  readonly secondAddon: number
  readonly server: number
}

/** A running proxy with the page's configuration, and this machine's names, files and ports. */
export interface RunningProxy {
  readonly ca: string
  /** Its log of requests. */
  log(): string
}

const names = ['nginx', 'caddy'] as const

export type ProxyName = (typeof names)[number]

const present = Object.fromEntries(names.map((name) => [name, isInstalled(name)]))

function isInstalled(name: ProxyName): boolean {
  try {
    execFileSync(name, [name === 'nginx' ? '-v' : 'version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** For tests that need a proxy: without it they skip themselves with a note, and fail if CI=true. */
export function needsProxy(name: ProxyName, { skip }: Pick<TestContext, 'skip'>): void {
  if (present[name]) return
  const install = name === 'nginx' ? 'nginx-light' : name
  const note = `an add-on and a server behind ${name}. To enable it: apt-get install ${install}`
  if (process.env['CI'] === 'true') throw new Error(note)
  skip(note)
}

export async function proxyPorts(): Promise<Ports> {
  const [addons = 0, chat = 0, addon = 0, secondAddon = 0, server = 0] = await freePorts(5)
  return { addons, chat, addon, secondAddon, server }
}

/** Starts a proxy with the page's configuration; `change` applies the changes that the page describes. */
export async function startProxy(
  name: ProxyName,
  ports: Ports,
  change: (text: string) => string = (text) => text,
): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), `hipchat-addon-${name}-`))
  const { cert, key } = certificate()
  writeFileSync(join(folder, 'cert.pem'), cert)
  writeFileSync(join(folder, 'key.pem'), key)
  const child = { nginx: startNginx, caddy: startCaddy }[name](folder, ports, change)
  let complaints = ''
  child.stderr?.on('data', (bytes) => {
    complaints += bytes
  })
  onTestFinished(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve))
    if (child.exitCode === null && child.kill('SIGTERM')) await ended
    rmSync(folder, { recursive: true, force: true })
  })
  for (const port of [ports.addons, ports.chat])
    await started(child, port).catch(() => {
      throw new Error(`${name} does not accept the configuration of the page: ${complaints}`)
    })
  return { ca: cert, log: () => readFileSync(join(folder, 'addons.log'), 'utf8') }
}

/** Replaces the values of this machine everywhere; each must occur. */
function replaced(text: string, pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce((before, [from, to]) => {
    expect(before, 'the configuration on the page').toContain(from)
    return before.replaceAll(from, to)
  }, text)
}

function startNginx(folder: string, ports: Ports, change: (text: string) => string): ChildProcess {
  const [addon = '', chat = ''] = shown('nginx')
  const files = (host: string) =>
    [
      [`server_name ${host};`, 'server_name localhost;'],
      [`/etc/ssl/${host}.pem`, join(folder, 'cert.pem')],
      [`/etc/ssl/private/${host}.key`, join(folder, 'key.pem')],
    ] as const
  const text = [
    replaced(change(addon), [
      ...files('addons.example.com'),
      ['listen 443 ', `listen 127.0.0.1:${ports.addons} `],
      ['/var/log/nginx/addons.log', join(folder, 'addons.log')],
      ['127.0.0.1:3000', `127.0.0.1:${ports.addon}`],
    ]).replaceAll('127.0.0.1:3001', `127.0.0.1:${ports.secondAddon}`),
    replaced(chat, [
      ...files('chat.example.net'),
      ['listen 443 ', `listen 127.0.0.1:${ports.chat} `],
      ['127.0.0.1:8080', `127.0.0.1:${ports.server}`],
    ]),
  ].join('\n')
  // The contents of a distribution's nginx.conf, in folders of ours.
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
    .join('\n')
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${user}
daemon off;
worker_processes 1;
pid ${join(folder, 'nginx.pid')};
events {}
http {
access_log ${join(folder, 'others.log')};
${temporary}
${text}
}`,
  )
  return spawn('nginx', ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')], { stdio: 'pipe' })
}

function startCaddy(folder: string, ports: Ports, change: (text: string) => string): ChildProcess {
  const [both = ''] = shown('caddyfile')
  const tls = `\ttls ${join(folder, 'cert.pem')} ${join(folder, 'key.pem')}`
  const text = replaced(change(both), [
    ['addons.example.com {', `localhost:${ports.addons} {\n${tls}`],
    ['chat.example.net {', `localhost:${ports.chat} {\n${tls}`],
    ['127.0.0.1:3000', `127.0.0.1:${ports.addon}`],
    ['127.0.0.1:8080', `127.0.0.1:${ports.server}`],
  ])
  const file = join(folder, 'Caddyfile')
  writeFileSync(file, `{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n${text}`)
  const home = join(folder, 'home')
  mkdirSync(home)
  return spawn('caddy', ['run', '--adapter', 'caddyfile', '--config', file], {
    stdio: 'pipe',
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_DATA_HOME: home },
  })
}
