import { variable } from '../common/environment.ts'

/** Variables that are the default of a flag: all that begin so, and those of the add-on that `dev` starts. */
const ours = /^(?:HIPCHAT_|PORT$)/

/**
 * Takes variables that are empty out of the environment: a file of settings has them for what is not set, and a flag would
 * take them for its value.
 */
export function forgetEmptyVariables(env: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(env))
    if (ours.test(name) && variable(name, env) === undefined) delete env[name]
}
