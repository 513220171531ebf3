#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { readableError } from '../common/redaction.ts'
import { createCommands } from './commands.ts'
import { UnansweredError, UsageError } from './usage.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string // our own package.json
}

/** The fault of somebody's arguments, and where to read on. */
const inOneLine = (fault: string): string =>
  `${fault.trim().replaceAll(/\s*\n\s*/g, ' ')} (hipchat-addon --help shows what there is)\n`

const program = new Command('hipchat-addon')
const exitCodes = `
Exit codes:
  0  done
  1  it failed, and one line on stderr says why; of validate and diff: not valid, not the same
  2  wrong arguments; of validate and diff also: what they ask about cannot be had`

program
  .description('HipChat Connect add-ons, and the compatible server they are installed into.')
  .version(version)
  .addHelpText('after', exitCodes)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(inOneLine(text)) })

for (const command of createCommands()) program.addCommand(command.copyInheritedSettings(program))

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2 // it has said what is wrong, or shown its help
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
