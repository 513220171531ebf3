#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { readableError } from '../common/redaction.ts'
import { createCommands } from './commands.ts'
import { UnansweredError, UsageError } from './usage.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string // our own package.json
}

/** A mistake in the arguments in one line, with a hint at the help. */
const inOneLine = (fault: string): string =>
  `${fault.trim().replaceAll(/\s*\n\s*/g, ' ')} (see hipchat-addon --help)\n`

const program = new Command('hipchat-addon')
const exitCodes = `
Exit codes:
  0  done
  1  failed, with the reason in one line on stderr; for validate and diff: not valid, not the same
  2  wrong arguments; for validate and diff also: a descriptor cannot be read`

program
  .description('Tools for HipChat Connect add-ons, and the compatible server for them.')
  .version(version)
  .addHelpText('after', exitCodes)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(inOneLine(text)) })

for (const command of createCommands()) program.addCommand(command.copyInheritedSettings(program))

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2 // commander has already printed the mistake or the help
    return
  }
  if (error instanceof UsageError) {
    process.stderr.write(inOneLine(`error: ${error.message}`))
    process.exitCode = 2
    return
  }
  console.error(readableError(error).message)
  process.exitCode = error instanceof UnansweredError ? 2 : 1
})
