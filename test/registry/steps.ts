/** The steps for a project made from a template, one after the other. Each step fails by throwing. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { TemplateName } from '../../templates/project.ts'
import { freePort } from '../ports.ts'
import { stagesOf } from '../scaffolder/dockerfile.ts'
import { readWorkflow } from '../scaffolder/workflow.ts'
import { buildImage } from './container.ts'
import { missingIn } from './lock-file.ts'
import { asTyped, endWithin, type Place, ProgramError, start, succeed, succeedQuietly } from './programs.ts'
import { answering } from './registry.ts'
import type { Toolchain } from './toolchain.ts'

export interface Step {
  readonly name: string
  /** Returns what had to be left out, if anything. */
  run(): Promise<string | undefined>
}

const step = (name: string, run: () => Promise<unknown>): Step => ({
  name,
  run: async () => {
    await run()
    return undefined
  },
})

/** The steps of a template with a toolchain, in an empty folder. */
export async function* stepsOf(
  template: TemplateName,
  toolchain: Toolchain,
  { cwd, env }: Place,
): AsyncGenerator<Step> {
  const project = { cwd: join(cwd, 'my-addon'), env }
  const npm = (...args: string[]): Step =>
    step(asTyped('npm', args), () => succeedQuietly('npm', args, project))

  const args = ['create', 'hipchat-addon@latest', 'my-addon', '--', '--template', template, '--yes']
  // Answers yes to npm's question whether it may fetch the scaffolder.
  const asked = { cwd, env: { ...env, npm_config_yes: 'true' } }
  yield step('npm create', () => succeedQuietly('npm', args, asked))
  yield { name: 'the lock file', run: () => usableLockFile(project) }
  if (toolchain.bundled) {
    yield npm('run', 'lint')
    yield npm('run', 'types')
    yield npm('test')
  } else if (existsSync(join(project.cwd, 'package-lock.json'))) yield npm('ci')
  yield npm('run', 'build')
  yield step('npm start', () => serves(['npm', 'start'], project))
  if (!toolchain.bundled) return

  const workflow = readFileSync(join(project.cwd, '.github/workflows/ci.yml'), 'utf8')
  const { scripts } = JSON.parse(readFileSync(join(project.cwd, 'package.json'), 'utf8'))
  const { jobs, faults } = await readWorkflow(workflow, Object.keys(scripts))
  assert.deepEqual(faults, [])
  const clone = { cwd: join(cwd, 'clone'), env }
  yield step('git clone', () => commitAndClone(project, clone))
  for (const { matrix, steps } of jobs) {
    assert(matrix['node']?.includes(toolchain.node), `the workflow does not run on Node ${toolchain.node}`)
    for (const one of steps)
      if ('run' in one) yield step(`workflow: ${one.run}`, () => workflowStep(one.run, clone))
  }

  const image = stagesOf(readFileSync(join(project.cwd, 'Dockerfile'), 'utf8')).at(-1)?.image
  if (image?.tag === `${toolchain.node}-slim`)
    yield step('Dockerfile', () => runsInImage(project, join(cwd, 'image')))
}

/** Removes a lock file that `npm ci` would refuse because of the registry. Workflow and Dockerfile work without one. */
async function usableLockFile(project: Place): Promise<string | undefined> {
  const lockFile = join(project.cwd, 'package-lock.json')
  const missing = await missingIn(lockFile, String(project.env['npm_config_registry']))
  if (missing.length === 0) return undefined
  rmSync(lockFile)
  return `npm ci; the registry does not have ${missing.length} packages of other systems, such as ${missing[0]}`
}

/** The contents of another machine's checkout: nothing that git does not know. */
async function commitAndClone(project: Place, clone: Place): Promise<void> {
  const author = ['-c', 'user.name=Author', '-c', 'user.email=author@example.com']
  await succeed('git', ['add', '--all'], project)
  await succeed('git', [...author, 'commit', '--quiet', '--message', 'Begin'], project)
  await succeed('git', ['clone', '--quiet', project.cwd, clone.cwd], { cwd: project.cwd, env: project.env })
}

/** As GitHub runs steps without a `shell`. */
async function workflowStep(command: string, clone: Place): Promise<void> {
  await succeedQuietly('bash', ['-e', '-c', command], { ...clone, env: { ...clone.env, CI: 'true' } })
}

/**
 * Starts an add-on, checks that it serves its descriptor, and ends it with the signal that stops containers and services. The
 * add-on gets the signal, not npm, which ends with 143 whatever its script does; npm ends as the add-on ended.
 */
async function serves(
  [command = '', ...args]: readonly string[],
  place: Place,
  whileRunning: (env: NodeJS.ProcessEnv) => Promise<unknown> = async () => {},
): Promise<void> {
  const port = await freePort()
  const env = { ...place.env, PORT: String(port) }
  const program = start(command, args, { ...place, env })
  try {
    const answer = await answering(`http://localhost:${port}/atlassian-connect.json`, program)
    assert.equal(JSON.parse(await answer.text()).key, 'com.example.my-addon')
    await whileRunning(env)
    // The log contains the process id.
    const [, pid] = /"pid":(\d+)/.exec(program.said()) ?? []
    process.kill(Number(pid), 'SIGTERM')
    const code = await endWithin(30, program)
    if (code !== 0)
      throw new ProgramError(asTyped(command, args), `SIGTERM ended it with ${code}`, program.said())
  } finally {
    program.signalGroup('SIGKILL')
  }
}

/** Builds the image of a project and runs it, with the settings that `docker run --env-file .env` would give it. */
async function runsInImage(project: Place, folder: string): Promise<void> {
  mkdirSync(folder)
  const { place, command, healthcheck } = await buildImage(project.cwd, folder, project.env)
  // Packages for development are not in it.
  const { packages } = JSON.parse(readFileSync(join(place.cwd, 'node_modules/.package-lock.json'), 'utf8'))
  assert.deepEqual(
    Object.keys(packages).filter((path) => packages[path].dev),
    [],
  )
  const file = join(project.cwd, '.env')
  const settings = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {}
  const running = { ...place, env: { ...place.env, ...settings } }
  const [check = '', ...args] = healthcheck
  let { env } = running
  await serves(command, running, (served) => {
    env = served
    return succeed(check, args, { ...running, env })
  })
  const after = await endWithin(30, start(check, args, { ...running, env }))
  assert.equal(after, 1, `HEALTHCHECK: ended with ${after} when nothing was running`)
}
