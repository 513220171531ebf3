/**
 * An npm registry on this machine, which has our two packages as they would be published, and every other package
 * from the registry that npm is configured with.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../ports.ts'
import { createFolder, environment } from '../scaffolder/support.ts'
import { root } from '../structure/markdown.ts'
import { endWithin, ProgramError, type Running, start, succeed, succeedQuietly } from './programs.ts'

/** The last version that runs on every Node that we support. */
const verdaccio = '6.8.0'

const ours = ['hipchat-addon', 'create-hipchat-addon']

export interface Registry {
  readonly url: string
  /** The environment of a command that installs from it, with its own cache and without the user's settings. */
  readonly env: NodeJS.ProcessEnv
  close(): Promise<void>
}

/** Starts the registry with both packages in it. `close` ends it, and removes its files. */
export async function startRegistry(): Promise<Registry> {
  const { folder, remove } = createFolder()
  let server: Running | undefined
  const close = async (): Promise<void> => {
    server?.signalGroup('SIGTERM')
    if (server) await endWithin(10, server)
    remove()
  }
  try {
    const upstream = await configuredRegistry()
    const program = await installVerdaccio(folder)
    const port = await freePort()
    const url = `http://localhost:${port}/`
    const config = join(folder, 'verdaccio.json')
    writeFileSync(config, JSON.stringify(configuration(folder, upstream)))
    const args = [program, '--config', config, '--listen', `localhost:${port}`]
    server = start(process.execPath, args, { cwd: folder, env: environment() })
    await answering(`${url}-/ping`, server)
    const env = environmentFor(folder, url)
    await publishBoth(folder, env)
    return { url, env, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The registry of this machine. Determined outside the checkout, as in users' projects. */
export async function configuredRegistry(): Promise<string> {
  const args = ['config', 'get', 'registry', '--loglevel', 'error']
  const said = await succeed('npm', args, { cwd: dirname(root), env: environment() })
  return said.trim().split('\n').at(-1) ?? ''
}

async function installVerdaccio(folder: string): Promise<string> {
  const home = join(folder, 'verdaccio')
  mkdirSync(home)
  const manifest = {
    private: true,
    dependencies: { verdaccio },
    // It is requested by a tag, `cjs`, and a registry that mirrors another need not have the tags.
    overrides: { 'node-fetch': '^2.7.0' },
  }
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest))
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']
  await succeed('npm', args, { cwd: home, env: environment() })
  return join(home, 'node_modules/verdaccio/bin/verdaccio')
}

/** Everyone on this machine may publish our packages, and nothing else. */
const configuration = (folder: string, upstream: string) => ({
  storage: join(folder, 'storage'),
  // Audits query the real registry, and nothing here does that.
  middlewares: { audit: { enabled: false } },
  web: { enable: false },
  max_body_size: '100mb',
  // Existing packages do not change while this runs; one slow answer is not a failure.
  uplinks: { upstream: { url: upstream, maxage: '1h', timeout: '60s', max_fails: 100 } },
  packages: {
    ...Object.fromEntries(ours.map((name) => [name, { access: '$all', publish: '$all' }])),
    '**': { access: '$all', proxy: 'upstream' },
  },
  log: { type: 'stdout', format: 'json', level: 'warn' },
})

/** Waits until a server answers; fails if it ends, or takes half a minute. */
export async function answering(url: string, server: Running): Promise<Response> {
  const patience = Date.now() + 30_000
  let code: unknown
  server.ended.then(
    (ended) => {
      code = ended ?? 'nothing'
    },
    (error: unknown) => {
      code = error
    },
  )
  while (code === undefined && Date.now() < patience) {
    const answer = await fetch(url).catch(() => undefined)
    if (answer?.ok) return answer
    await sleep(100)
  }
  const what = code === undefined ? 'does not answer' : `ended with ${code}`
  throw new ProgramError(`the server at ${url}`, what, server.said())
}

function environmentFor(folder: string, url: string): NodeJS.ProcessEnv {
  const [userconfig, globalconfig] = [join(folder, 'npmrc'), join(folder, 'global-npmrc')]
  // npm publishes only with a login; the registry does not check it.
  writeFileSync(userconfig, `${url.replace(/^http:/, '')}:_authToken=anybody\n`)
  writeFileSync(globalconfig, '')
  return {
    ...environment(),
    npm_config_registry: url,
    npm_config_cache: join(folder, 'cache'),
    npm_config_userconfig: userconfig,
    npm_config_globalconfig: globalconfig,
    // A registry's answers do not change while this runs: asking again would take twice as long.
    npm_config_prefer_offline: 'true',
  }
}

/**
 * Publishes both packages from a clean copy of the checkout, without files that git does not know. They are packed first,
 * which builds them: `npm publish` looks for the files of `bin` before it builds, and drops missing ones.
 */
async function publishBoth(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const [source, packed] = [join(folder, 'source'), join(folder, 'packed')]
  mkdirSync(packed)
  const listed = await succeed('git', ['ls-files', '-z'], { cwd: root, env })
  for (const path of listed.split('\0').filter(Boolean))
    if (existsSync(join(root, path))) cpSync(join(root, path), join(source, path))
  symlinkSync(join(root, 'node_modules'), join(source, 'node_modules'))
  for (const which of [[], ['--workspace', 'templates']])
    await succeed('npm', ['pack', '--pack-destination', packed, ...which], { cwd: source, env })
  for (const tarball of readdirSync(packed))
    await succeedQuietly('npm', ['publish', join(packed, tarball)], { cwd: packed, env })
}
