import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))

/** The package as it is compiled for the tests: apart from `dist`, which other tests remove and build. */
const compiled = join(root, 'node_modules/.cache/hipchat-addon')

/** The command line as JavaScript, which starts in a fraction of the time that its sources take. */
export const commandLine = join(compiled, 'dist/cli/main.js')

/** Builds the chat page, and compiles the command line, before the first test, if their sources are newer. */
export default function setup(): void {
  const page = newestIn('src/chat-page', 'src/server/chat-page', 'src/api')
  if (page > newestIn('dist/chat-page')) run('npm', ['run', '--silent', 'build:page'])
  if (newestIn('src') > newestIn('node_modules/.cache/hipchat-addon/dist/cli')) compile()
  copyFileSync(join(root, 'package.json'), join(compiled, 'package.json'))
}

function compile(): void {
  const out = join(compiled, 'dist')
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  run(process.execPath, [
    'node_modules/typescript/bin/tsc',
    '--project',
    'tsconfig.build.json',
    '--outDir',
    out,
  ])
  const page = join(out, 'chat-page')
  if (!existsSync(page)) symlinkSync(join(root, 'dist/chat-page'), page)
}

function run(command: string, argv: string[]): void {
  execFileSync(command, argv, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
}

function newestIn(...folders: string[]): number {
  const times = folders.flatMap((folder) => {
    try {
      const files = readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      return files
        .filter((one) => one.isFile())
        .map((one) => statSync(join(one.parentPath, one.name)).mtimeMs)
    } catch {
      return [] // not built yet
    }
  })
  return Math.max(0, ...times)
}
