#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { serverCommand } from './server.ts'
import { UsageError } from './usage.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string // our own package.json
}

const program = new Command('hipchat-addon')
program
  .description('HipChat Connect add-ons, and the compatible server they are installed into.')
  .version(version)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(`${text.trim().replaceAll(/\s*\n\s*/g, ' ')}\n`) })
  .addCommand(serverCommand().copyInheritedSettings(program))

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2 // it has said what is wrong, or shown its help
    return
  }
  const message = error instanceof Error ? error.message : String(error)
  console.error(error instanceof UsageError ? `error: ${message}` : message)
  process.exitCode = error instanceof UsageError ? 2 : 1
})
