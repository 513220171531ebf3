import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { variable } from '../common/environment.ts'
import { withoutMark } from '../common/text.ts'

/**
 * Returns the environment variables of the process, plus those in a file (default `.env`), if it exists.
 * Variables of the process take precedence. An empty variable counts as not set, both in the process and in
 * the file. A byte order mark at the start of the file is ignored.
 *
 * The variables in the file are added to `process.env` too, so that the default log finds its `LOG_LEVEL`.
 * Throws if the file cannot be read.
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
