#!/usr/bin/env node
/** `npm create hipchat-addon`: creates an add-on from a template. Asks in a terminal only, and exits with 0 only with a project. */
import { relative, resolve } from 'node:path'
import { type Arguments, fullCommand, help, quoted, readArguments } from './arguments.ts'
import { CreateError, Interrupted, UsageError } from './faults.ts'
import { namesFor } from './names.ts'
import { packageManagerFrom, packageManagers } from './package-managers.ts'
import { dependencies, projectFrom, version } from './project.ts'
import { createRepository, installPackages } from './setup.ts'
import { checkTarget, writeProject } from './target.ts'

async function main(): Promise<void> {
  const given = readArguments(process.argv.slice(2), process.env)
  if (given.help) return console.log(help(given.pm))
  if (given.version) return console.log(version)

  const { folder, template } = await complete(given)
  checkTarget(folder, given.force)
  const names = namesFor(folder, dependencies)
  const project = projectFrom(template, names)
  let git = false
  if (!given.dryRun) {
    writeProject(folder, project)
    git = given.git && (await createRepository(folder))
    if (given.install) await installPackages(given.pm, folder)
  }

  const result = {
    folder: resolve(folder),
    template,
    name: names.packageName,
    key: names.key,
    files: [...project.keys()],
    packageManager: given.pm,
    installed: given.install && !given.dryRun,
    git,
    dryRun: given.dryRun,
    next: nextSteps(folder, given),
  }
  if (given.json) return console.log(JSON.stringify(result, null, 2))
  if (given.dryRun) {
    console.log(`Would create ${names.packageName} from ${template} in ${result.folder}:\n`)
    return console.log(result.files.map((file) => `  ${file}`).join('\n'))
  }
  console.log(`\nCreated ${names.packageName} from ${template} in ${result.folder}\n\nNext steps:`)
  console.log(result.next.map((step) => `  ${step}`).join('\n'))
  console.log('\nREADME.md explains how to try it in a room, test it and run it.')
}

/** Adds missing arguments: asks for them in a terminal, and otherwise takes the defaults. */
async function complete(
  given: Arguments,
): Promise<{ folder: string; template: NonNullable<Arguments['template']> }> {
  const { folder, template } = given
  if (folder !== undefined && template !== undefined) return { folder, template }
  const asks = !given.yes && process.stdin.isTTY && process.stdout.isTTY
  if (asks) {
    // Loaded only when something is asked.
    const { askFolder, askTemplate } = await import('./prompts.ts')
    return {
      folder: folder ?? (await askFolder((name) => objection(name, given.force))),
      template: template ?? (await askTemplate()),
    }
  }
  if (folder === undefined)
    throw new UsageError(`the folder is missing, and there is no terminal to ask: ${fullCommand(given.pm)}`)
  return { folder, template: template ?? 'basic' }
}

function objection(folder: string, force: boolean): string | undefined {
  try {
    checkTarget(folder, force)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function nextSteps(folder: string, { pm, install }: Arguments): string[] {
  const path = relative('.', folder)
  const { run } = packageManagers[pm]
  return [
    ...(path === '' ? [] : [`cd ${quoted(path)}`]),
    ...(install ? [] : [`${pm} install`]),
    `${run} test`,
    `${run} dev`,
  ]
}

main().catch((error: unknown) => {
  if (error instanceof UsageError) {
    const { create, separator } = packageManagers[packageManagerFrom(process.env['npm_config_user_agent'])]
    console.error(`error: ${error.message}\n(${create} ${separator}--help lists the options)`)
    process.exitCode = 2
  } else if (error instanceof Interrupted) {
    console.error(`Interrupted: ${error.message}`)
    process.exitCode = 130
  } else {
    // An unexpected error is a bug here: it is shown with its stack.
    console.error(error instanceof CreateError ? `error: ${error.message}` : error)
    process.exitCode = 1
  }
})
