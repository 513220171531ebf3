import type { Command } from 'commander'
import { devCommand } from './dev.ts'
import { diffCommand } from './diff.ts'
import { forgetEmptyVariables } from './environment.ts'
import { installCommand, uninstallCommand } from './install.ts'
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
  ]
}
