/**
 * `npm run prove`: tests the result of `npm create hipchat-addon`, from a registry with this checkout's packages, with
 * several versions of Node and npm. Ends with 1 at the first failure.
 */
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type TemplateName, templateNames } from '../../templates/project.ts'
import { createFolder } from '../scaffolder/support.ts'
import { isStopped, stopAll } from './programs.ts'
import { type Registry, startRegistry } from './registry.ts'
import { stepsOf } from './steps.ts'
import { type Toolchain, toolbox, toolchains } from './toolchain.ts'

const usage = `Usage: npm run prove -- [options]

Publishes both packages to a registry on this machine, makes an add-on of each template, and does with it what its author,
its workflow and its Dockerfile do.

Options:
  --template <name>  one of ${templateNames.join(', ')}; may be given again
  --node <major>     one of ${[...new Set(toolchains.map(({ node }) => node))].join(', ')}
  --npm <major>      one of ${[...new Set(toolchains.map(({ npm }) => npm))].join(', ')}
  --help             show this

Node and npm go together as people have them: ${toolchains.map(({ node, npm }) => `${node} with ${npm}`).join(', ')}.`

/** The selection on the command line: templates, each with toolchains. */
function readArguments(): { help: boolean; templates: TemplateName[]; chosen: readonly Toolchain[] } {
  const { values } = parseArgs({
    options: {
      template: { type: 'string', multiple: true },
      node: { type: 'string' },
      npm: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  for (const name of values.template ?? [])
    if (!templateNames.some((known) => known === name))
      throw new Error(`--template: expected one of ${templateNames.join(', ')}, got ${name}`)
  const chosen = toolchains.filter(
    ({ node, npm }) =>
      [undefined, String(node)].includes(values.node) && [undefined, String(npm)].includes(values.npm),
  )
  if (chosen.length === 0)
    throw new Error(`--node and --npm: Node ${values.node ?? ''} is not tested with npm ${values.npm ?? ''}`)
  const templates = templateNames.filter((name) => values.template?.includes(name) ?? true)
  return { help: values.help ?? false, templates, chosen }
}

/** One line for each step, with its duration and what was left out. */
async function timed<T>(what: string, run: () => Promise<T>): Promise<T> {
  const begun = performance.now()
  const tell = (how: string, note = '') => {
    const time = String(Math.round(performance.now() - begun)).padStart(6)
    console.log(`${how.padEnd(7)} ${time} ms  ${what}${note}`)
  }
  try {
    const result = await run()
    tell('ok', typeof result === 'string' ? `; LEFT OUT: ${result}` : '')
    return result
  } catch (error) {
    tell(isStopped() ? 'stopped' : 'FAILED')
    throw error
  }
}

interface Row {
  readonly name: string
  readonly steps: number
  readonly seconds: number
}

async function proveAll(
  templates: readonly TemplateName[],
  chosen: readonly Toolchain[],
  home: string,
): Promise<Row[]> {
  let registry: Registry | undefined
  const rows: Row[] = []
  try {
    registry = await timed('registry with both packages', startRegistry)
    const prepare = toolbox(home, registry)
    for (const toolchain of chosen) {
      const { node, npm } = toolchain
      const { env, versions } = await timed(`Node ${node} with npm ${npm}`, () => prepare(toolchain))
      for (const template of templates) {
        const name = `${template}, ${versions}`
        const cwd = join(home, `${template} ${node} ${npm}`)
        mkdirSync(cwd)
        const begun = performance.now()
        let steps = 0
        for await (const step of stepsOf(template, toolchain, { cwd, env })) {
          await timed(`${name}: ${step.name}`, step.run)
          steps += 1
        }
        rows.push({ name, steps, seconds: (performance.now() - begun) / 1000 })
      }
    }
    return rows
  } finally {
    await registry?.close()
  }
}

function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length))
  return rows
    .map(
      ({ name, steps, seconds }) =>
        `${name.padEnd(width)}  ${steps} steps  ${seconds.toFixed(1).padStart(6)} s`,
    )
    .join('\n')
}

async function main(): Promise<void> {
  const { help, templates, chosen } = readArguments()
  if (help) return console.log(usage)
  const begun = performance.now()
  const { folder, remove } = createFolder()
  // Users of images need access, too.
  chmodSync(folder, 0o755)
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.on(signal, () => {
      process.exitCode = code
      stopAll()
    })
  try {
    const rows = await proveAll(templates, chosen, folder)
    console.log(`\n${table(rows)}\n\nThe whole run took ${Math.round((performance.now() - begun) / 1000)} s.`)
  } catch (error) {
    if (!isStopped()) throw error
    console.error('\nInterrupted; all started programs have been ended, and all created files removed.')
  } finally {
    remove()
  }
}

main().catch((error: unknown) => {
  console.error(`\n${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
})
