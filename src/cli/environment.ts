import { variable } from '../common/environment.ts'

/** Variables that are the default of an option: those of this package, and of the add-on that `dev` starts. */
const ours = /^(?:HIPCHAT_|PORT$)/

/**
 * Removes empty variables from the environment: in files of settings an empty variable means that it is not set, but an
 * option would take the empty string as its value.
 */
export function forgetEmptyVariables(env: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(env))
    if (ours.test(name) && variable(name, env) === undefined) delete env[name]
}
