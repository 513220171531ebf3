import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestContext } from 'vitest'

/** Where the packages of others are: in a `node_modules` of their own, which is not part of the checkout. */
export const folder = fileURLToPath(new URL('.', import.meta.url))

const names = ['hipchatter', 'ac-koa', 'ac-koa-hipchat']
const present = (): boolean => names.every((name) => existsSync(`${folder}node_modules/${name}/package.json`))

/** Installs them on first use. False when npm cannot: without network, say. */
export async function installOthers(): Promise<boolean> {
  if (present()) return true
  const quiet = ['--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']
  const impatient = ['--fetch-retries=0', '--fetch-timeout=20000', '--prefer-offline']
  try {
    await promisify(execFile)('npm', ['install', ...quiet, ...impatient], { cwd: folder, timeout: 150_000 })
  } catch {
    return false
  }
  return present()
}

/** Without them a test leaves itself out with a note, and with CI=true it runs and fails. */
export function needsOthers(installed: boolean, { skip }: Pick<TestContext, 'skip'>): void {
  if (installed || process.env['CI'] === 'true') return
  skip(
    'clients and frameworks of others against the server, since they could not be installed. To enable it: npm install --ignore-scripts --prefix test/others',
  )
}
