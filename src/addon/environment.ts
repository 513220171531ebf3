import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { variable } from '../common/environment.ts'
import { withoutMark } from '../common/text.ts'

/**
 * The environment of the process, with what a file adds to it, if there is one. What the process was started with wins; an
 * empty variable counts as not set, in the file and before it. A byte order mark at the beginning of the file is left out.
 *
 * What the file adds is in `process.env` too, so that the default log finds its `LOG_LEVEL`. Throws when the file cannot be
 * read.
 *
 * @example
 * const { PORT, BASE_URL } = loadEnvironment()
 */
export function loadEnvironment(file = '.env'): Readonly<Record<string, string | undefined>> {
  const added = existsSync(file) ? parseEnv(withoutMark(readFileSync(file, 'utf8'))) : {}
  for (const [name, value] of Object.entries(added))
    if (variable(name) === undefined && value !== undefined) process.env[name] = value
  const names = Object.keys(process.env).filter((name) => variable(name) !== undefined)
  return Object.fromEntries(names.map((name) => [name, process.env[name]]))
}
