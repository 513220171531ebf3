#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { serverCommand } from './server.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string // our own package.json
}

const program = new Command('hipchat-addon')
program
  .description('HipChat Connect add-ons, and the compatible server they are installed into.')
  .version(version)
  .showHelpAfterError('(hipchat-addon --help shows what there is)')
  .addCommand(serverCommand().copyInheritedSettings(program))

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
