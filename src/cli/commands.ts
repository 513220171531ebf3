import type { Command } from 'commander'
import { variable } from '../common/environment.ts'
import { devCommand } from './dev.ts'
import { diffCommand } from './diff.ts'
import { installCommand, uninstallCommand } from './install.ts'
import { jobsCommand } from './jobs.ts'
import { listCommand } from './list.ts'
import { sayCommand } from './say.ts'
import { serverCommand } from './server.ts'
import { triggerCommand } from './trigger.ts'
import { validateCommand } from './validate.ts'

/** All commands of `hipchat-addon`, in the order of its help. */
export function createCommands(): Command[] {
  forgetEmptyVariables()
  return [
    devCommand(),
    serverCommand(),
    installCommand(),
    uninstallCommand(),
    listCommand(),
    diffCommand(),
    validateCommand(),
    sayCommand(),
    triggerCommand(),
    jobsCommand(),
  ]
}

/** Variables that are the default of an option: those of this package, and of add-ons. */
const ours = /^(?:HIPCHAT_|PORT$|STORE_URL$)/

/**
 * Removes empty variables from the environment: in files of settings an empty variable means that it is not set, but an
 * option would take the empty string as its value.
 */
function forgetEmptyVariables(): void {
  for (const name of Object.keys(process.env))
    if (ours.test(name) && variable(name) === undefined) delete process.env[name]
}
