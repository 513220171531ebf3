#!/usr/bin/env node
/** `npm create hipchat-addon`: makes an add-on from a template. Asks in a terminal only, and never says 0 without a project. */
import { relative, resolve } from 'node:path'
import { fullCommand, help, quoted, readArguments, type Wanted } from './arguments.ts'
import { CreateError, Interrupted, UsageError } from './faults.ts'
import { installPackages, makeRepository } from './finishing.ts'
import { namesFor } from './names.ts'
import { packageManagerFrom, packageManagers } from './package-managers.ts'
import { dependencies, projectFrom, version } from './project.ts'
import { checkTarget, writeProject } from './target.ts'

async function main(): Promise<void> {
  const wanted = readArguments(process.argv.slice(2), process.env)
  if (wanted.help) return console.log(help(wanted.pm))
  if (wanted.version) return console.log(version)

  const { folder, template } = await complete(wanted)
  checkTarget(folder, wanted.force)
  const names = namesFor(folder, dependencies)
  const project = projectFrom(template, names)
  let git = false
  if (!wanted.dryRun) {
    writeProject(folder, project)
    git = wanted.git && (await makeRepository(folder))
    if (wanted.install) await installPackages(wanted.pm, folder)
  }

  const result = {
    folder: resolve(folder),
    template,
    name: names.packageName,
    key: names.key,
    files: [...project.keys()],
    packageManager: wanted.pm,
    installed: wanted.install && !wanted.dryRun,
    git,
    dryRun: wanted.dryRun,
    next: nextSteps(folder, wanted),
  }
  if (wanted.json) return console.log(JSON.stringify(result, null, 2))
  if (wanted.dryRun) {
    console.log(`Would make ${names.packageName} from ${template} in ${result.folder}:\n`)
    return console.log(result.files.map((file) => `  ${file}`).join('\n'))
  }
  console.log(`\nMade ${names.packageName} from ${template} in ${result.folder}\n\nGo on with`)
  console.log(result.next.map((step) => `  ${step}`).join('\n'))
  console.log('\nREADME.md says how to try it in a room, test it and run it.')
}

/** What was given, and the rest from who sits there or, with nobody there, from the defaults. */
async function complete(
  wanted: Wanted,
): Promise<{ folder: string; template: NonNullable<Wanted['template']> }> {
  const { folder, template } = wanted
  if (folder !== undefined && template !== undefined) return { folder, template }
  const asks = !wanted.yes && process.stdin.isTTY && process.stdout.isTTY
  if (asks) {
    // Loaded only when something is asked.
    const { askFolder, askTemplate } = await import('./asking.ts')
    return {
      folder: folder ?? (await askFolder((name) => objection(name, wanted.force))),
      template: template ?? (await askTemplate()),
    }
  }
  if (folder === undefined)
    throw new UsageError(`the folder is missing, and nothing is asked here: ${fullCommand(wanted.pm)}`)
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

function nextSteps(folder: string, { pm, install }: Wanted): string[] {
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
    console.error(`error: ${error.message}\n(${create} ${separator}--help shows what there is)`)
    process.exitCode = 2
  } else if (error instanceof Interrupted) {
    console.error(`Interrupted: ${error.message}`)
    process.exitCode = 130
  } else {
    // A fault of ours is shown with where it happened.
    console.error(error instanceof CreateError ? `error: ${error.message}` : error)
    process.exitCode = 1
  }
})
