import { parseArgs } from 'node:util'
import { UsageError } from './faults.ts'
import { nearest } from './nearest.ts'
import {
  type PackageManagerName,
  packageManagerFrom,
  packageManagerNames,
  packageManagers,
} from './package-managers.ts'
import { type TemplateName, templateNames, templates } from './project.ts'

/** The arguments of the command line. */
export interface Arguments {
  readonly folder: string | undefined
  readonly template: TemplateName | undefined
  /** Asks nothing: missing arguments have their defaults. */
  readonly yes: boolean
  readonly install: boolean
  readonly git: boolean
  readonly pm: PackageManagerName
  readonly force: boolean
  readonly dryRun: boolean
  readonly json: boolean
  readonly help: boolean
  readonly version: boolean
}

/** The options, with what `--help` says about them. */
export const options = {
  template: { type: 'string', short: 't', value: 'name', description: `one of ${templateNames.join(', ')}` },
  yes: {
    type: 'boolean',
    short: 'y',
    description: 'ask nothing; the default without a terminal, and when CI is set',
  },
  'no-install': { type: 'boolean', description: 'do not install the packages' },
  'no-git': { type: 'boolean', description: 'do not create a git repository' },
  pm: {
    type: 'string',
    value: 'name',
    description: `${packageManagerNames.join(', ')}; by default the one that runs this`,
  },
  force: {
    type: 'boolean',
    description: 'write into a folder that is not empty, and overwrite files of the same name',
  },
  'dry-run': { type: 'boolean', description: 'list the files that would be created, and create nothing' },
  json: { type: 'boolean', description: 'print the result as one JSON document; ask nothing' },
  help: { type: 'boolean', short: 'h', description: 'show this' },
  version: { type: 'boolean', short: 'v', description: 'show the version' },
} as const satisfies Readonly<
  Record<string, { type: 'string' | 'boolean'; short?: string; value?: string; description: string }>
>

type Flag = keyof typeof options

/** Reads the command line. Unknown options are refused by name: a typing error must not create a different project. */
export function readArguments(given: readonly string[], env: NodeJS.ProcessEnv): Arguments {
  const { tokens } = parseArgs({
    args: [...given],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values = new Map<Flag, string>()
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const { rawName, value } = token
    const name = token.name as Flag // once it is known to be one
    if (!Object.hasOwn(options, name)) throw new UsageError(unknownOption(rawName))
    if (options[name].type === 'boolean' && value !== undefined)
      throw new UsageError(`${rawName}: expected no value, got ${value}`)
    // A separate word that looks like an option is one.
    const missing = !value || (!token.inlineValue && value.startsWith('-'))
    if (options[name].type === 'string' && missing)
      throw new UsageError(`${rawName}: expected a value, got ${value || 'none'}`)
    values.set(name, value ?? '')
  }
  // Without `--`, npm keeps `--template` for itself and passes only its value on.
  const [folder, second, ...rest] = positionals
  if (rest.length > 0)
    throw new UsageError(`expected at most a folder and a template, got also ${rest.join(' ')}`)
  if (folder?.trim() === '') throw new UsageError('the folder: expected a name, got an empty one')
  if (folder?.includes('\0'))
    throw new UsageError('the folder: expected a name, got one with a NUL character')
  const json = values.has('json')
  return {
    folder,
    template: templateFrom(values.get('template'), second),
    yes: values.has('yes') || json || Boolean(env['CI'] && env['CI'] !== 'false'),
    install: !values.has('no-install'),
    git: !values.has('no-git'),
    pm: packageManagerNamed(values.get('pm')) ?? packageManagerFrom(env['npm_config_user_agent']),
    force: values.has('force'),
    dryRun: values.has('dry-run'),
    json,
    help: values.has('help'),
    version: values.has('version'),
  }
}

function unknownOption(rawName: string): string {
  const meant = nearest(rawName.replace(/^-+/, ''), Object.keys(options))
  return `${rawName}: unknown option${meant ? `; did you mean --${meant}?` : ''}`
}

function templateFrom(flag: string | undefined, positional: string | undefined): TemplateName | undefined {
  if (flag !== undefined && positional !== undefined && flag !== positional)
    throw new UsageError(`--template: got ${flag}, and ${positional} after the folder`)
  const given = flag ?? positional
  if (given === undefined) return undefined
  const found = templateNames.find((name) => name === given)
  if (found) return found
  throw new UsageError(
    `--template: expected one of ${templateNames.join(', ')}; got ${given}${hint(given, templateNames)}`,
  )
}

function packageManagerNamed(given: string | undefined): PackageManagerName | undefined {
  if (given === undefined) return undefined
  const found = packageManagerNames.find((name) => name === given)
  if (found) return found
  throw new UsageError(
    `--pm: expected one of ${packageManagerNames.join(', ')}; got ${given}${hint(given, packageManagerNames)}`,
  )
}

function hint(given: string, words: readonly string[]): string {
  const meant = nearest(given, words)
  return meant ? `; did you mean ${meant}?` : ''
}

/** The command that asks nothing, for a package manager. */
export function fullCommand(
  pm: PackageManagerName,
  folder = 'my-addon',
  template: TemplateName = 'basic',
): string {
  const { create, separator } = packageManagers[pm]
  return `${create} ${quoted(folder)} ${separator}--template ${template} --yes`
}

/** Quoted for a shell if necessary. */
export const quoted = (text: string): string =>
  /^[\p{L}\p{N}@%+=:,./_-]+$/u.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

export function help(pm: PackageManagerName): string {
  const { create, separator } = packageManagers[pm]
  const flags = Object.entries<{ short?: string; value?: string; description: string }>(options).map(
    ([name, { short, value, description }]) => [
      `${short ? `-${short}, ` : '    '}--${name}${value ? ` <${value}>` : ''}`,
      description,
    ],
  )
  return `Usage: ${create} [folder] ${separator}[options]

Creates a working HipChat add-on with tests.

Templates:
${columns(Object.entries(templates))}

Options:
${columns(flags)}

Examples:
  ${create} my-addon
  ${fullCommand(pm)}
  ${create} . ${separator}--no-install

Exit codes: 0 created, 1 failed, 2 wrong arguments, 130 interrupted.`
}

function columns(rows: readonly (readonly string[])[]): string {
  const width = Math.max(...rows.map(([first = '']) => first.length))
  return rows.map(([first = '', second = '']) => `  ${first.padEnd(width)}  ${second}`).join('\n')
}
